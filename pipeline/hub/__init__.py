"""Adapters and their data on the Hub: what is uploaded, the card that tells of it, and how it is checked afterwards."""
