"""Is everything at work that must be? Each part is checked by itself, and told of by itself.

It reads, judges and has people told; it mends nothing.
"""
