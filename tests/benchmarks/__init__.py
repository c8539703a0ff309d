"""Tests of what is fast enough."""
