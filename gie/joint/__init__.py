"""Inhibition in joint attention, where text and image read each other (docs/decisions/joint-attention.md)."""
