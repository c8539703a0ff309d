"""What is fast enough, measured: `python -m benchmarks.NAME` prints its figures."""
