"""One ScheduledJob in a world of its own: a store, an operator that dies, and time that jumps.

The operator is the real plan; what performs it here does so write by write, so that it can die
between any two, and lose the answer to any. Two weeks take a second.
"""
