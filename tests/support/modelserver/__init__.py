"""A server of the OpenAI protocol for tests. There is no model in it, and it says so: its answers
are computed from what it is asked (words, schemas, sizes, hashes), so that a test can foresee them.

Standard library only: it runs inside a test's process, or as a Pod of any image with Python.
"""
