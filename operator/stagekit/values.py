"""Small values that a stage shows to people: `values` in result.json, told by `results`."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Union

from stagekit import text
from stagekit.documents import parse_object

Scalar = Union[str, int, float, bool]  # noqa: UP007  (Python 3.9)
"""What a value may be."""

_NAME: Final = re.compile(r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")
_VALUES_MAX: Final = 64
_VALUE_MAX_BYTES: Final = 256
_FILE_MAX_BYTES: Final = 256 * 1024
"""More than so many values of that length take."""


def with_value(given: Mapping[str, Scalar], name: str, value: Scalar) -> dict[str, Scalar]:
    """The same values and one more, or another; raises ValueError with what is wrong with it."""
    if not _NAME.match(name):
        raise ValueError(f"not a value's name: {name!r}; use letters, digits, _ . -")
    if name not in given and len(given) >= _VALUES_MAX:
        raise ValueError(f"more than {_VALUES_MAX} values; write a file instead")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"value {name!r} is {value}, which JSON cannot say")
    return {
        **given,
        name: text.clean(value, _VALUE_MAX_BYTES) if isinstance(value, str) else value,
    }


def of_text(written: str) -> Scalar:
    """What a command line means: a number, true or false, else the text itself."""
    try:
        value: object = json.loads(written)
    except ValueError:
        return written
    if isinstance(value, float) and not math.isfinite(value):
        return written
    return value if isinstance(value, (bool, int, float)) else written


def read(file: Path) -> dict[str, Scalar]:
    """The values that a program has put there; what is none is left out."""
    try:
        raw = file.read_bytes()[:_FILE_MAX_BYTES]
    except OSError:
        return {}
    values: dict[str, Scalar] = {}
    for name, value in (parse_object(raw) or {}).items():
        if isinstance(value, (str, int, float, bool)):
            try:
                values = with_value(values, name, value)
            except ValueError as error:
                text.say(f"a value is left out: {error}")
    return values


def add(file: Path, more: Mapping[str, Scalar]) -> None:
    """Put more values into the file; raises ValueError where they are none."""
    values = read(file)
    for name, value in more.items():
        values = with_value(values, name, value)
    file.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
