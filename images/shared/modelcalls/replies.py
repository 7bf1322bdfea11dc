"""Replies, judged before they are used: JSON out of text, vectors, pictures, transcripts."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from modelcalls.errors import ReplyInvalid

T = TypeVar("T")
_FENCE: Final = "```"


@dataclass(frozen=True)
class Segment:
    """A piece of a transcript; times in seconds."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Transcript:
    """What was said in a recording."""

    text: str
    language: str = ""
    seconds: float | None = None
    segments: list[Segment] = field(default_factory=list[Segment])


class Unfit(Exception):  # noqa: N818  (a signal between two functions, never seen outside)
    """The text does not fit: `says` is for the endpoint's eyes, `rules` for everybody's."""

    def __init__(self, says: str, rules: str) -> None:
        super().__init__(rules)
        self.says = says
        self.rules = rules


def fitted(text: str, schema: TypeAdapter[T]) -> T:
    """The reply as the type that was asked for; raises Unfit."""
    try:
        return schema.validate_json(json_part(text))
    except ValidationError as error:
        # Values of the reply must not travel on in an error's text.
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        lines = [
            f"{'.'.join(str(part) for part in e['loc']) or 'it'}: {e['msg']}" for e in problems
        ]
        rules = ", ".join(sorted({e["type"] for e in problems}))
        raise Unfit("; ".join(lines[:8]), rules) from None


def json_part(text: str) -> str:
    """The JSON in a reply: all of it, what a fence encloses, or from first to last brace."""
    bare = text.strip()
    if _FENCE in bare:
        inside = bare.split(_FENCE)[1]
        bare = inside.removeprefix("json").strip()
    if bare.startswith(("{", "[")):
        return bare
    start, end = bare.find("{"), bare.rfind("}")
    return bare[start : end + 1] if 0 <= start < end else bare


def vectors(given: Sequence[Any], count: int) -> list[list[float]]:
    """As many vectors as texts, of one length, of finite numbers; in the order of the texts."""
    ordered = sorted(given, key=lambda row: int(row.index))
    if [int(row.index) for row in ordered] != list(range(count)):
        raise ReplyInvalid(f"{len(ordered)} vectors came for {count} texts")
    rows = [cast("list[float]", row.embedding) for row in ordered]
    if not all(map(_is_vector, rows)) or len(set(map(len, rows))) > 1:
        raise ReplyInvalid("the vectors are not all lists of numbers of one length")
    return rows


def _is_vector(value: object) -> bool:
    if not isinstance(value, list) or not value:
        return False
    numbers = cast("list[object]", value)
    return all(isinstance(n, (int, float)) and math.isfinite(n) for n in numbers)


def picture_bytes(encoded: object) -> bytes:
    """The picture behind base64."""
    if not isinstance(encoded, str) or not encoded:
        raise ReplyInvalid("the reply has no picture in it")
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise ReplyInvalid("the reply's picture is not base64") from None


def transcript(fields: dict[str, Any]) -> Transcript:
    """A transcript from the protocol's fields; only `text` must be there."""
    try:
        return TypeAdapter(Transcript).validate_python(
            {
                "text": fields.get("text"),
                "language": fields.get("language") or "",
                "seconds": fields.get("duration"),
                "segments": fields.get("segments") or [],
            }
        )
    except ValidationError:
        raise ReplyInvalid("the reply is no transcript") from None
