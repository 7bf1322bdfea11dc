"""Benches of the operator against the simulated cluster: `python -m tests.bench`."""
