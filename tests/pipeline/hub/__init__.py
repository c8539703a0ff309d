"""Tests of pipeline/hub/."""
