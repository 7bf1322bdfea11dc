"""The time of day. Whatever decides gets it as an argument; only who starts a process asks here."""

from datetime import UTC, datetime


def wall_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)
