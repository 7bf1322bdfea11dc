"""JSON from elsewhere, given a type at the door."""

from __future__ import annotations

import json
from typing import cast


def as_object(value: object) -> dict[str, object] | None:
    """The value as an object with string keys, or None where it is something else."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


def as_list(value: object) -> list[object]:
    """The value as a list; empty where it is something else."""
    return cast("list[object]", value) if isinstance(value, list) else []


def parse_object(raw: bytes | str) -> dict[str, object] | None:
    """Decode one JSON object; None for anything else, nesting without end included."""
    try:
        return as_object(json.loads(raw))
    except (ValueError, RecursionError):
        return None
