"""What a run produced: the values for people and the files, from the stages' `result.json`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from pydantic import Field

from stagework.api.base import Observed
from stagework.cli.text.tables import Cell, Table, one_line

Scalar = str | int | float | bool | None
PICTURES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp"})
"""Endings of the files that a person opens first."""
JUDGES: Final = ("_judge", "_eval")
"""Endings of the names of stages that score what others have made."""
SHORT: Final = 16
"""A longer value is a text, not a score."""


class ResultFile(Observed):
    """A file that a stage wrote."""

    path: str
    size: int = 0
    sha256: str = ""


class StageResult(Observed):
    """A stage's `result.json`, as far as it is shown."""

    stage: str
    outcome: str = ""
    machine: str = ""
    method: str = ""
    files: list[ResultFile] = []
    values: dict[str, Scalar] = Field(default={})


@dataclass(frozen=True, slots=True)
class Fetched:
    """A stage's results, and where its files are now."""

    result: StageResult
    files: tuple[str, ...]
    """Paths on this machine."""


def values_table(fetched: Iterable[Fetched]) -> Table:
    """Every value of every stage, in the order given."""
    return Table(
        ("STAGE", "VALUE", "RESULT", "METHOD"),
        tuple(
            (
                Cell(each.result.stage),
                Cell(one_line(key)),
                Cell(shown(value)),
                Cell(one_line(each.result.method)),
            )
            for each in fetched
            for key, value in each.result.values.items()
            if key != "method"  # it has a column
        ),
    )


def scores_table(runs: Mapping[str, Iterable[Fetched]]) -> Table:
    """The values of judging stages, a column a run; long texts are left to `results`."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for run, fetched in runs.items():
        for each in fetched:
            if not each.result.stage.endswith(JUDGES):
                continue
            for key, value in each.result.values.items():
                text = shown(value)
                if key != "method" and len(text) <= SHORT:
                    found.setdefault((each.result.stage, key), {})[run] = text
    # A run without any, such as a document, gets no empty column.
    judged = [run for run in runs if any(run in texts for texts in found.values())]
    return Table(
        ("SCORE", *judged),
        tuple(
            (Cell(f"{stage}.{key}"), *(Cell(texts.get(run, "")) for run in judged))
            for (stage, key), texts in found.items()
        ),
    )


def composed(fetched: Iterable[Fetched]) -> list[str]:
    """The pictures that a run is about: those called composed, else the last one."""
    every = pictures(fetched)
    named = [path for path in every if PurePosixPath(path).stem == "composed"]
    return named or every[-1:]


def pictures(fetched: Iterable[Fetched]) -> list[str]:
    """Paths of the pictures, in the order given."""
    return [
        path
        for each in fetched
        for path in each.files
        if PurePosixPath(path).suffix.lower() in PICTURES
    ]


def shown(value: Scalar) -> str:
    """A value in few letters: four digits of a fraction, yes and no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else one_line(str(value))
