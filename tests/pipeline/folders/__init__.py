"""Tests of pipeline/folders/."""
