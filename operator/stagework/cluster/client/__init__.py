"""The one client of the API server: where it is, how requests are sent and paced, what they raise.

It knows bytes and paths, not kinds; it keeps nothing, and never tries a write again by itself whose
outcome is not known.
"""
