"""Tests of labeling/strategies/."""
