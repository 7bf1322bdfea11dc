"""The tables of history as they came to be: one file a release that changed them, never edited.

Each only adds, so that the release before works on it; `tests/unit/history` proves that their sum
is `tables.py`.
"""
