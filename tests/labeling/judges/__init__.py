"""Tests of labeling/judges/."""
