"""A board with something to see: seeded queues, the real API service before them, a real browser."""
