"""What the sample pipelines say of themselves: the scores of judging stages, the picture made."""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Final

from stagework.cli.outputs import Fetched, pictures
from stagework.cli.text.tables import Cell, Table
from stagework.cli.text.values import shown

JUDGES: Final = ("_judge", "_eval")
"""Endings of the names of stages that score what others have made."""
SHORT: Final = 16
"""A longer value is a text, not a score."""


def scores_table(runs: Mapping[str, Iterable[Fetched]]) -> Table:
    """The values of judging stages, a column a run; long texts are left to `results`."""
    scores: dict[tuple[str, str], dict[str, str]] = {}
    for run, fetched in runs.items():
        for outputs in fetched:
            if not outputs.result.stage.endswith(JUDGES):
                continue
            for key, value in outputs.result.values.items():
                text = shown(value)
                if key != "method" and len(text) <= SHORT:
                    scores.setdefault((outputs.result.stage, key), {})[run] = text
    # A run without any, such as a document, gets no empty column.
    judged = [run for run in runs if any(run in texts for texts in scores.values())]
    return Table(
        ("SCORE", *judged),
        tuple(
            (Cell(f"{stage}.{key}"), *(Cell(texts.get(run, "")) for run in judged))
            for (stage, key), texts in scores.items()
        ),
    )


def composed(fetched: Iterable[Fetched]) -> list[str]:
    """The pictures that a run is about: those called composed, else the last one."""
    every = pictures(fetched)
    named = [path for path in every if PurePosixPath(path).stem == "composed"]
    return named or every[-1:]
