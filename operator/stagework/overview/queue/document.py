"""The board as JSON, for everybody who sends or prints it."""

from typing import Any, Final, cast

from pydantic import TypeAdapter

from stagework.overview.queue.board import Board
from stagework.overview.queue.failed import FailedItem

_BOARD: Final = TypeAdapter(Board)
_FAILED: Final = TypeAdapter(FailedItem)


def document(board: Board) -> dict[str, Any]:
    """The board as plain values; times as RFC 3339."""
    return cast("dict[str, Any]", _BOARD.dump_python(board, mode="json"))


def size(board: Board) -> int:
    """Bytes of its JSON."""
    return len(_BOARD.dump_json(board))


def failed_document(item: FailedItem) -> dict[str, Any]:
    """A failure as plain values."""
    return cast("dict[str, Any]", _FAILED.dump_python(item, mode="json"))
