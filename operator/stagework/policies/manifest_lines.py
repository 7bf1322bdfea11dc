"""What does a line of a manifest say? An item, or why there is none.

A manifest is JSON Lines or CSV; its first line that is not empty tells which:
1. It begins with `{`: every line is a JSON object with `id`, `uri` and `params`, and no other key.
2. It is a head of CSV with a column `uri` or `id`: every further column is a param.
3. Anything else is no manifest, and nothing is guessed.
"""

import csv
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import msgspec

from stagework.api.batch_book import ID_LETTERS
from stagework.api.pipeline import MAX_PARAMS, PARAMS_BYTES

URI_LETTERS: Final = 2048
"""Longest address."""
LINE_BYTES: Final = 128 * 1024
"""A longer line is not read."""
_PARAM: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_FIELDS: Final = frozenset({"id", "uri", "params"})
_UNFIT: Final = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Given:
    """An item as it was written; an id may be missing."""

    id: str
    uri: str
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """No item can be made of it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Columns:
    """The head of a CSV manifest."""

    names: tuple[str, ...]


class JsonLines:
    """JSON Lines."""


def format_of(first_line: str) -> JsonLines | Columns | Unreadable:
    """By the first line that is not empty."""
    text = first_line.lstrip("\ufeff").strip()
    if text.startswith("{"):
        return JsonLines()
    columns = tuple(name.strip() for name in _cells(text) or ())
    if not {"uri", "id"} & set(columns):
        return Unreadable(
            "its first line is neither a JSON object nor a head of CSV with a column uri or id"
        )
    if len(set(columns)) != len(columns):
        return Unreadable("its head names a column twice")
    wrong = [name for name in columns if name not in _FIELDS and not _PARAM.fullmatch(name)]
    if wrong or "params" in columns:
        return Unreadable(
            f"its head has a column that is no param's name: {(wrong or columns)[0]!r}"
        )
    return Columns(columns)


def of_json(line: str) -> Given | Unreadable:
    """An item of a line of JSON Lines."""
    try:
        decoded: object = msgspec.json.decode(line)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return Unreadable("it is no JSON")
    if not isinstance(decoded, dict):
        return Unreadable("it is no JSON object")
    fields = cast("dict[str, Any]", decoded)
    others = sorted(fields.keys() - _FIELDS)
    if others:
        return Unreadable(f"it has a key {others[0][:60]!r}: an item has id, uri and params")
    return of_fields(fields.get("id", ""), fields.get("uri", ""), fields.get("params", {}))


def of_csv(line: str, columns: Columns) -> Given | Unreadable:
    """An item of a row of CSV; a param whose cell is empty is not given."""
    cells = _cells(line)
    if cells is None:
        return Unreadable("it is no row of CSV")
    if len(cells) != len(columns.names):
        return Unreadable(f"it has {len(cells)} cells, the head has {len(columns.names)}")
    row = dict(zip(columns.names, cells, strict=True))
    identity, uri = row.pop("id", "").strip(), row.pop("uri", "").strip()
    return of_fields(identity, uri, {name: cell for name, cell in row.items() if cell})


def of_fields(identity: object, uri: object, params: object) -> Given | Unreadable:
    """An item of its fields, whatever they are."""
    if not isinstance(identity, str) or not isinstance(uri, str):
        return Unreadable(f"its {'uri' if isinstance(identity, str) else 'id'} is no text")
    if not isinstance(params, dict):
        return Unreadable("its params are no object")
    wrong = _wrong_id(identity) or _wrong_uri(uri)
    if not wrong and not uri and not params:
        wrong = "it has neither uri nor params"
    wrong = wrong or _wrong_params(cast("dict[object, object]", params))
    if wrong:
        return Unreadable(wrong)
    return Given(identity, uri, cast("dict[str, str]", params))


def is_printable(text: str) -> bool:
    """Whether it holds no control character, and none that is not seen or turns others round."""
    return text.isprintable() or not any(unicodedata.category(c) in _UNFIT for c in text)


def _wrong_id(identity: str) -> str:
    if len(identity) > ID_LETTERS:
        return f"its id is longer than {ID_LETTERS} characters"
    if not is_printable(identity) or identity != identity.strip():
        return "its id has a control character, or blanks around it"
    return ""


def _wrong_uri(uri: str) -> str:
    if len(uri) > URI_LETTERS:
        return f"its uri is longer than {URI_LETTERS} characters"
    if not is_printable(uri):
        return "its uri has a control character"
    return ""


def _wrong_params(params: Mapping[object, object]) -> str:
    if len(params) > MAX_PARAMS:
        return f"it has more than {MAX_PARAMS} params"
    size = 0
    for name, value in params.items():
        if not isinstance(name, str) or not _PARAM.fullmatch(name):
            return f"{str(name)[:60]!r} is no name of a param: a-z, 0-9, - and _, a letter first"
        if not isinstance(value, str):
            return f"params.{name} is no text: put it into quotes"
        if "\0" in value:
            return f"params.{name} holds the character NUL"
        size += len(value.encode(errors="replace"))
    return f"its params have more than {PARAMS_BYTES // 1024} KiB" if size > PARAMS_BYTES else ""


def _cells(line: str) -> Sequence[str] | None:
    try:
        rows = list(csv.reader([line], strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None
