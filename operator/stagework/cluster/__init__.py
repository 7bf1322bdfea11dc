"""All talk with the API server: its client, the cache of what it holds, plans performed, the Lease.

It decides nothing. What a plan asks for is done as asked, and what was done or refused is said; who
is told of changes is not known here.
"""
