"""Tests of gie.joint."""
