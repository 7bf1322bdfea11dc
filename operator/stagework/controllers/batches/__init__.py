"""Batches while the operator runs: which changes concern them, what is gathered, who is asked.

What is decided is in `plans/batch`; which items there are, and what has become of them, the API
service knows.
"""
