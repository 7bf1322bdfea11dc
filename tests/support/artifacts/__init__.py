"""Stores of artifacts in tests."""
