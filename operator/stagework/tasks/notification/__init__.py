"""The digest of a day: what was done, what failed, what was put off, which stages took longest.

It tells; it judges nothing and changes nothing.
"""
