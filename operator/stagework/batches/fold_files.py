"""A fold's file: a head with what it changed, then a line an item; and what it is made of, the
outcomes that the stages of a chunk's run have left.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from stagekit.contract import OUTCOMES_FILE
from stagework.api.batch_book import FoldHead, FoldRequest, LedgerLine
from stagework.artifacts.errors import BadKeyError
from stagework.artifacts.store import Store
from stagework.batches import small_files
from stagework.batches.layout import BatchFolder
from stagework.policies.item_outcomes import EndedStage, SaidOfItem

_FOLD_BYTES: Final = 64 * 1024 * 1024
_OUTCOMES_BYTES: Final = 16 * 1024 * 1024
_TEXT_LETTERS: Final = 512
_WORD_LETTERS: Final = 63
_OUTPUTS: Final = 8


class _Outcome(msgspec.Struct):
    """A line of `outcomes.jsonl`; one without a number is about nothing of the batch."""

    number: int | None = None
    state: str = ""
    reason: str = ""
    message: str = ""
    at: float | None = None
    outputs: list[str] = []


class Fold(msgspec.Struct):
    """What was folded under one name."""

    head: FoldHead
    lines: list[LedgerLine]


_outcome = msgspec.json.Decoder(_Outcome)
_head = msgspec.json.Decoder(FoldHead)
_line = msgspec.json.Decoder(LedgerLine)


async def read(store: Store, folder: BatchFolder, name: str) -> Fold | None:
    """The fold of that name; None: there is none."""
    raw = await small_files.read(store, folder.fold(name), _FOLD_BYTES)
    if raw is None:
        return None
    first, *others = raw.splitlines()
    return Fold(_head.decode(first), [_line.decode(line) for line in others])


async def write(store: Store, folder: BatchFolder, fold: Fold) -> None:
    """Whole, or not at all."""
    lines = [msgspec.json.encode(part) for part in (fold.head, *fold.lines)]
    await small_files.write(store, folder.fold(fold.head.request.name), b"\n".join(lines) + b"\n")


async def ended_stages(store: Store, namespace: str, request: FoldRequest) -> list[EndedStage]:
    """What each stage says of items. Only what the child itself has left is read."""
    stages: list[EndedStage] = []
    for stage in request.stages:
        prefix = stage.prefix or ""
        if not prefix.startswith(f"{namespace}/{request.child.uid}/"):
            prefix = ""
        said = await _said(store, prefix) if prefix else {}
        stages.append(EndedStage(stage.state, prefix, stage.machine, said))
    return stages


async def _said(store: Store, prefix: str) -> dict[int, SaidOfItem]:
    """In the order of its lines; of two about one item the last one counts."""
    try:
        raw = await small_files.read(store, f"{prefix}/{OUTCOMES_FILE}", _OUTCOMES_BYTES)
    except BadKeyError:
        return {}
    said: dict[int, SaidOfItem] = {}
    for line in (raw or b"").splitlines():
        outcome = _decoded(line)
        if outcome is not None and outcome.number is not None:
            said[outcome.number] = SaidOfItem(
                outcome.state,
                outcome.reason[:_WORD_LETTERS],
                outcome.message[:_TEXT_LETTERS],
                outcome.at,
                _good(outcome.outputs),
            )
    return said


def _decoded(line: bytes) -> _Outcome | None:
    """What a stage wrote itself is not trusted to be whole."""
    try:
        return _outcome.decode(line)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None


def _good(outputs: Sequence[str]) -> tuple[str, ...]:
    return tuple(path[:700] for path in outputs[:_OUTPUTS])
