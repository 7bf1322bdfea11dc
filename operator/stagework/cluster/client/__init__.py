"""The one client of the API server: where it is, how requests are sent, paced, and what they raise.

It knows bytes and paths, not kinds; it keeps nothing and never decides whether to try a write again.
"""
