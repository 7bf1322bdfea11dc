"""What does a termination message say? A completion mark is a claim, checked before it counts."""

import json
from dataclasses import dataclass
from typing import Any, cast

from stagekit import contract
from stagework.api import names

MESSAGE_MAX = 128
"""Characters of a message that are kept in status."""


@dataclass(frozen=True)
class Mark:
    """A well-formed mark of this stage, attempt and Pod."""

    outcome: str
    digest: str = ""
    reason: str = ""
    message: str = ""
    items: int | None = None
    failed_items: int | None = None


@dataclass(frozen=True)
class NoMark:
    """The termination message is empty."""


@dataclass(frozen=True)
class BadMark:
    """There is a message, but it is no mark of this attempt."""

    reason: str
    message: str


def read_mark(text: str, *, stage: str, attempt: int, pod: str) -> Mark | NoMark | BadMark:
    """Check a termination message against the attempt whose Pod wrote it."""
    if not text.strip():
        return NoMark()
    size = len(text.encode())
    if size > contract.MARK_MAX_BYTES:
        return _bad(f"{size} bytes, at most {contract.MARK_MAX_BYTES} are allowed")
    try:
        raw: object = json.loads(text)
    except ValueError:
        return _bad(f"not JSON: {clean(text, 60)!r}")
    if not isinstance(raw, dict):
        return _bad("not a JSON object")
    return _checked(cast("dict[str, Any]", raw), stage, attempt, pod)


def _checked(raw: dict[str, Any], stage: str, attempt: int, pod: str) -> Mark | BadMark:
    if raw.get("v") != contract.MARK_VERSION:
        return _bad(f"version {clean(str(raw.get('v')), 20)}, expected {contract.MARK_VERSION}")
    for key, wanted in (("stage", stage), ("attempt", attempt), ("pod", pod)):
        if raw.get(key) != wanted:
            found = clean(str(raw.get(key)), 40)
            return BadMark(names.FOREIGN_MARK, f"the mark is of {key} {found}, not {wanted}")
    if raw.get("outcome") not in contract.OUTCOMES:
        return _bad(f"unknown outcome {clean(str(raw.get('outcome')), 40)!r}")
    counts = raw.get("counts")
    counted = cast("dict[str, Any]", counts) if isinstance(counts, dict) else {}
    return Mark(
        outcome=str(raw["outcome"]),
        digest=clean(str(raw.get("digest", "")), 64),
        reason=reason_word(str(raw.get("reason", ""))),
        message=clean(str(raw.get("message", "")), MESSAGE_MAX),
        items=_count(counted.get("items")),
        failed_items=_count(counted.get("failed")),
    )


def _count(value: object) -> int | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
    return value if fits and isinstance(value, int) else None


def _bad(message: str) -> BadMark:
    return BadMark(names.BAD_COMPLETION_MARK, f"termination message: {message}"[:MESSAGE_MAX])


def clean(text: str, limit: int) -> str:
    """One printable line of at most `limit` characters: what stages say is never trusted."""
    line = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(line.split())[:limit]


def reason_word(text: str) -> str:
    """A CamelCase word of at most 63 letters and digits; empty where nothing usable is left."""
    word = "".join(each for each in text if each.isascii() and each.isalnum())[:63]
    return word if word[:1].isalpha() else ""
