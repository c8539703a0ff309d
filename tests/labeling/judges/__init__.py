"""One file of tests a kind of judge."""
