"""Batches that the processes of the bench `chunks` play, which know its program by another name."""

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from stagework.policies.chunks.size import Chunking
from tests.support.played_batches import Played, Said, Shape, known, play


class Asked(NamedTuple):
    """Batches that one process plays."""

    shape: Shape
    slots: int
    chunking: int | Chunking
    runs: range
    items: int
    history: bool = False
    marks: Sequence[float] = ()


def seconds(asked: Asked) -> float:
    """What they took in the mean."""
    return fmean(played.seconds for played in _played(asked))


def said(asked: Asked) -> list[list[Said]]:
    """What was said of each at its marks."""
    return [played.said for played in _played(asked)]


def _played(asked: Asked) -> list[Played]:
    return [
        play(
            asked.shape,
            asked.items,
            asked.slots,
            asked.chunking,
            f"{run} {asked.slots}",
            history=known(asked.shape, run) if asked.history else None,
            marks=asked.marks,
        )
        for run in asked.runs
    ]
