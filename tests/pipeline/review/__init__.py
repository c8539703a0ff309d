"""Tests of pipeline/review/."""
