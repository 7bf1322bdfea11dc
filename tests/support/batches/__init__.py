"""Batches in tests: the book in memory, and a cluster whose stages work on items."""
