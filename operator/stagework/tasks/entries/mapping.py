"""One entry as a run: its id, its deterministic name and its spec, or why it cannot be one."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from jsonpointer import JsonPointer, JsonPointerException
from pydantic import ValidationError

from stagework.api.base import explain
from stagework.api.outside_spec import outside_spec
from stagework.api.tasks import EntryMapping, Makes

TITLE_MAX: Final = 128
"""A longer title is cut: people read it, and nothing goes by it."""
ID_MAX: Final = 1024
"""A longer id is no id."""
_NAME_PART: Final = 46
_HASH_DIGITS: Final = 16


class EntryRefused(Exception):  # noqa: N818 - of the entry, not of us
    """An entry cannot become a run; the text says why."""


@dataclass(frozen=True, slots=True)
class EntryRun:
    """What is made of one entry."""

    id: str
    digest: bytes
    """Of what counts as its content: the same one is the same run."""
    name: str
    spec: Mapping[str, Any]


def run_of(entry: object, makes: Makes, mapping: EntryMapping, content: Iterable[str]) -> EntryRun:
    """The run of an entry; raises EntryRefused.

    `content`: pointers to what its digest is of, beside its id; none: an entry never changes.
    """
    known_by = text_at(entry, mapping.id)
    if not known_by or len(known_by) > ID_MAX:
        raise EntryRefused(f"it has no id at {mapping.id}, or a very long one")
    digest = digest_of(known_by, *(_said(entry, pointer) for pointer in content))
    try:
        given = outside_spec(
            makes.pipeline,
            _params(entry, mapping),
            title=_optional(entry, mapping.title)[:TITLE_MAX],
            subject=_optional(entry, mapping.subject) or known_by[:TITLE_MAX],
            tenant=_optional(entry, mapping.tenant),
            address=_optional(entry, mapping.input),
        )
    except ValidationError as error:
        raise EntryRefused(explain(error)) from error
    return EntryRun(known_by, digest, _name(makes.pipeline, known_by, digest), given)


def text_at(entry: object, pointer: str) -> str | None:
    """What stands there, as text; None where nothing does. Raises EntryRefused."""
    try:
        value = JsonPointer(pointer).resolve(entry)
    except JsonPointerException:
        return None
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case str():
            return value.strip()
        case int() | float():
            return str(value)
        case _:
            raise EntryRefused(f"{pointer} is no plain value")


def digest_of(*words: str) -> bytes:
    """Eight bytes of a digest."""
    return hashlib.sha256("\x1f".join(words).encode()).digest()[:8]


def listed_entries(document: bytes, pointer: str) -> list[object]:
    """The entries of a JSON document; raises EntryRefused with what is wrong with it."""
    try:
        decoded: object = orjson.loads(document)
        found: object = JsonPointer(pointer).resolve(decoded)
    except orjson.JSONDecodeError as error:
        raise EntryRefused(f"the document is not JSON: {error}") from error
    except JsonPointerException as error:
        raise EntryRefused(f"the document has nothing at {pointer!r}") from error
    if not isinstance(found, list):
        raise EntryRefused(f"what the document has at {pointer!r} is no list")
    return list(found)  # pyright: ignore[reportUnknownArgumentType]


def _params(entry: object, mapping: EntryMapping) -> dict[str, str]:
    texts = {name: text_at(entry, pointer) for name, pointer in mapping.params.items()}
    return {name: text for name, text in texts.items() if text is not None}


def _optional(entry: object, pointer: str) -> str:
    return (text_at(entry, pointer) or "") if pointer else ""


def _said(entry: object, pointer: str) -> str:
    """What is there and what is empty are two things."""
    text = text_at(entry, pointer)
    return "-" if text is None else f"={text}"


def _name(pipeline: str, known_by: str, digest: bytes) -> str:
    """The same entry with the same content has the same name, whoever makes it again."""
    whole = hashlib.sha256(known_by.encode() + b"\x1f" + digest).hexdigest()[:_HASH_DIGITS]
    return f"{pipeline[:_NAME_PART].rstrip('-.')}-{whole}"
