"""What keeps the listener from its work.

ListenerError           the table cannot be read or written
├── RowsUnavailable     the database is away, or refuses for now; it is tried again
├── ChangeRefused       the database takes no such value there: a constraint, a trigger
└── TableUnusable       the table, the database or the map must be changed; the text says how
"""


class ListenerError(Exception):
    """The table cannot be read or written."""


class RowsUnavailable(ListenerError):  # noqa: N818 - a state of things
    """The database is away, or refuses for now; it is tried again."""


class ChangeRefused(ListenerError):  # noqa: N818 - an answer
    """The database takes no such value there: a constraint, a trigger of others."""


class TableUnusable(ListenerError):  # noqa: N818 - a state of things
    """The table, the database or the map must be changed; the text says how."""
