"""Tests of training/emoji/."""
