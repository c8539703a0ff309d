"""Tests of what the pages claim."""
