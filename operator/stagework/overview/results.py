"""What a run produced: the values for people and the files, from the stages' `result.json`."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from pydantic import Field

from stagework.api.base import Observed
from stagework.overview.tables import Cell, Table, one_line

Scalar = str | int | float | bool | None
PICTURES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp"})
"""Endings of the files that a person opens first."""


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
        ),
    )


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
