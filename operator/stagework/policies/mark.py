"""What does a termination message say? A completion mark is a claim, checked before it counts."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast

from stagekit import contract
from stagework.api import names
from stagework.api.stages import MAX_STAGES
from stagework.api.text import one_line, reason_word

DIGEST_BYTES = 64
"""A sha256 in hex."""
NO_COUNTS = "counts"
"""Key, in place of counts, of what was given in their place and is no object."""
_COUNTS = ("items", "failed", NO_COUNTS)
_PAIR_BYTES = len('"":"",')
"""What JSON puts around a name and its reason."""
_FAULT_BYTES = 64
"""Of counts that are none so much is told."""
_STAGE = re.compile(contract.STAGE_NAME)
_COUNT_LIMIT = 2**53
"""Larger numbers are not counts, and JSON readers disagree about them."""


@dataclass(frozen=True)
class Mark:
    """A well-formed mark of this stage, attempt and Pod."""

    outcome: str
    digest: str = ""
    reason: str = ""
    message: str = ""
    items: int | None = None
    failed_items: int | None = None
    skips: Mapping[str, str] = field(default_factory=dict[str, str])
    """Stages that it says are not needed, each with the reason."""
    fault: str = field(default="", compare=False)
    """What is wrong with its counts, which were left out for it."""

    @property
    def full_message(self) -> str:
        """Its message, and the fault."""
        if not self.fault:
            return self.message
        said = one_line(self.message, contract.MESSAGE_MAX_BYTES - len(f"; {self.fault}".encode()))
        return f"{said}; {self.fault}" if said else self.fault


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
    size = len(text.encode(errors="replace"))
    if size > contract.MARK_MAX_BYTES:
        return _bad(f"{size} bytes, at most {contract.MARK_MAX_BYTES} are allowed")
    try:
        raw: object = json.loads(text)
    except (ValueError, RecursionError):  # brackets without end are too deep for the parser
        return _bad(f"not JSON: {one_line(text, 60)!r}")
    if not isinstance(raw, dict):
        return _bad("not a JSON object")
    return _checked(cast("dict[str, Any]", raw), stage, attempt, pod)


def cleaned_mark(outcome: str, fields: Mapping[str, object], counts: Mapping[str, object]) -> Mark:
    """A mark with only what may be kept: clean words, bounded text, real counts."""
    odd = [f"{key}={counts[key]!r}" for key in _COUNTS if _is_odd(key, counts.get(key))]
    return Mark(
        outcome=outcome,
        digest=one_line(_text(fields.get("digest")), DIGEST_BYTES),
        reason=reason_word(_text(fields.get("reason"))),
        message=one_line(_text(fields.get("message")), contract.MESSAGE_MAX_BYTES),
        items=_count(counts.get("items")),
        failed_items=_count(counts.get("failed")),
        skips=_skips(fields.get("skips")),
        fault=one_line(f"odd counts left out: {', '.join(odd)}", _FAULT_BYTES) if odd else "",
    )


def _checked(raw: dict[str, Any], stage: str, attempt: int, pod: str) -> Mark | BadMark:
    if not _is(raw.get("v"), contract.MARK_VERSION):
        return _bad(f"version {one_line(str(raw.get('v')), 20)}, expected {contract.MARK_VERSION}")
    for key, wanted in (("stage", stage), ("attempt", attempt), ("pod", pod)):
        if not _is(raw.get(key), wanted):
            claimed = one_line(str(raw.get(key)), 36)
            return BadMark(names.FOREIGN_MARK, f"the mark is of {key} {claimed}, not {wanted}")
    outcome: object = raw.get("outcome")
    if not isinstance(outcome, str) or outcome not in contract.OUTCOMES:
        return _bad(f"unknown outcome {one_line(str(outcome), 40)!r}")
    counts: object = raw.get("counts")
    if not isinstance(counts, dict):
        return cleaned_mark(outcome, raw, {NO_COUNTS: counts})
    return cleaned_mark(outcome, raw, cast("dict[str, object]", counts))


def _skips(value: object) -> dict[str, str]:
    """Names of stages with reasons; what can be neither is left out.

    No more than a mark holds, also where they come from a result, which may be of any size.
    """
    if not isinstance(value, dict):
        return {}
    given = cast("dict[object, object]", value)
    cleaned = {
        name: reason_word(_text(reason)) or names.NOTHING_TO_DO
        for name, reason in given.items()
        if isinstance(name, str) and _STAGE.fullmatch(name)
    }
    kept, room = dict[str, str](), contract.MARK_MAX_BYTES
    for name, reason in islice(cleaned.items(), MAX_STAGES):
        room -= len(name) + len(reason) + _PAIR_BYTES
        if room < 0:
            break
        kept[name] = reason
    return kept


def _is(value: object, wanted: str | int) -> bool:
    """Equal and of the same type: for Python, JSON's `true` equals 1."""
    return type(value) is type(wanted) and value == wanted


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < _COUNT_LIMIT else None


def _is_odd(key: str, value: object) -> bool:
    return value is not None and (key == NO_COUNTS or _count(value) is None)


def _bad(message: str) -> BadMark:
    return BadMark(
        names.BAD_COMPLETION_MARK,
        one_line(f"termination message: {message}", contract.MESSAGE_MAX_BYTES),
    )
