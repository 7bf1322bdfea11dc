"""Documents that only tests use."""
