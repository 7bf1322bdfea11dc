"""What says that files, tables or a store of items are out of reach, and may be back later."""

from typing import Final

from stagework.artifacts.errors import NoSpaceError, UnreachableError
from stagework.batches.stores import StoreUnavailable
from stagework.history.errors import HistoryUnavailable

AWAY: Final = (
    StoreUnavailable,
    NoSpaceError,
    HistoryUnavailable,
    UnreachableError,
    OSError,
)
"""Errors after which the same may work later."""
