"""The name of what is made for a slot: it has the slot's time.

One slot has one name for ever: whoever makes it again finds it there. The name has no uid in it, so
that a ScheduledJob that was restored from a backup cannot do again what was done before.
"""

import re
from datetime import UTC, datetime
from typing import Final

from stagework.children.names import short_hash

_SLOT: Final = "%Y%m%dt%H%M%S"
_NAME: Final = re.compile(r"(.+)-([0-9]{8}t[0-9]{6})")
_HEAD_MAX: Final = 47
"""Longest name of a ScheduledJob that its runs have whole: the name of a run fits a label."""


def slot_run_name(schedule: str, slot: datetime) -> str:
    """`<schedule>-<slot in UTC>`, such as `nightly-20261201t020000`."""
    return f"{_head(schedule)}-{slot.astimezone(UTC).strftime(_SLOT)}"


def asked_run_name(schedule: str, request_uid: str) -> str:
    """`<schedule>-now-<h8>` of a run that a person has asked for, by their Intervention."""
    return f"{_head(schedule)}-now-{short_hash(request_uid)}"


def slot_of(schedule: str, name: str) -> datetime | None:
    """The slot of a run of that name; None: it is no slot's."""
    parts = _NAME.fullmatch(name)
    if parts is None or parts[1] != _head(schedule):
        return None
    try:
        return datetime.strptime(parts[2], _SLOT).replace(tzinfo=UTC)
    except ValueError:
        return None


def _head(schedule: str) -> str:
    if len(schedule) <= _HEAD_MAX:
        return schedule
    digest = short_hash(schedule)
    return f"{schedule[: _HEAD_MAX - len(digest) - 1].rstrip('-.')}-{digest}"
