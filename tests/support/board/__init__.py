"""A board with something to see: seeds, the real API service before them, a real browser."""
