"""Tests of labeling/."""
