"""What is remembered of runs when their objects are gone: facts in, answers out.

A Protocol (`store.py`), a twin in memory, and SQL for SQLite and PostgreSQL, held to the same
behaviour by one suite. It decides nothing: how two facts about one thing are joined is a policy,
what follows from the answers is computed by who asks. Nobody waits for it but who asks it.
"""
