"""Benches: side by side in one run, with the machine and the settings; never timed tests."""
