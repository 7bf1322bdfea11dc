"""The long stories (``make test-release``) and those of faults (``make test-faults``): told one by
one, never twice on the same content.

What has passed is kept in the cache by the content of the tree, so that a run which was broken off
goes on where it stood. It knows no story: those marked ``long`` or ``fault`` are told.
"""
