"""What can go wrong with history.

HistoryError
├── HistoryUnavailable     the database does not answer, or has no room: the same may work later
└── FactRefused            the database will never take what was given
"""


class HistoryError(Exception):
    """Something about history; the text says what, without a password."""


class HistoryUnavailable(HistoryError):  # noqa: N818 - a state of things that passes
    """The database cannot do it now."""


class FactRefused(HistoryError):  # noqa: N818 - the sender's, not ours
    """It cannot be stored as it is."""
