"""The report of an evaluation: one HTML page, its figures and its tables."""
