"""Pulls an endpoint and makes a run of each new entry, once.

The endpoint is asked with the ETag of its last answer; the ETag is remembered only once nothing of
that answer is left to do.
"""
