"""Tests of gie/."""
