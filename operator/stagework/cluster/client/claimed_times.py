"""Objects whose times no clock shows: the year 10000, the 30th of February.

The API server stores them, and whoever may write a status (a node, a person) can put them there.
Where such an object could not be decoded it would stay as it was seen last, for ever. A time that
says nothing reads as 1970, which decisions take for unknown.
"""

import re
from datetime import datetime
from typing import Any, Final, TypeVar, cast

import msgspec
import orjson

T = TypeVar("T")
UNKNOWN: Final = "1970-01-01T00:00:00Z"
_TIME: Final = re.compile(r"^[+-]?\d{4,}-\d\d-\d\d[Tt]\d\d:")


def decoded(decoder: msgspec.json.Decoder[T], raw: bytes | msgspec.Raw) -> T:
    """One document, if need be without times that mean nothing; raises msgspec.DecodeError."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError:
        return decoder.decode(readable(bytes(raw)))


def readable(raw: bytes) -> bytes:
    """The document with 1970 in place of times that mean nothing; raises orjson.JSONDecodeError."""
    return orjson.dumps(_with_known_times(orjson.loads(raw)))


def _with_known_times(value: Any) -> Any:
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {key: _with_known_times(inner) for key, inner in fields.items()}
    if isinstance(value, list):
        return [_with_known_times(inner) for inner in cast("list[Any]", value)]
    if isinstance(value, str) and _TIME.match(value) and not _is_time(value):
        return UNKNOWN
    return value


def _is_time(text: str) -> bool:
    try:
        msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        return False
    return True
