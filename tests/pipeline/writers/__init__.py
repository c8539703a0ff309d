"""Tests of pipeline/writers/."""
