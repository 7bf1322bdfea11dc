"""Backups of our objects and of history, and their restore.

A backup is one gzipped file of JSON Lines: a header, the objects as they were, the facts of
history, and a last line by which a file that was cut off is known. It holds no Secret: objects name
Secrets, and neither task may read one. A restore makes what can go on, suspended, and tells history
the rest.
"""
