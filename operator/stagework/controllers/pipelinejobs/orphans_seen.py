"""Attempts that had lost their process, as the statuses of the runs that are there have them.

A run that has ended leaves memory soon; its tombstone keeps what was lost of it.
"""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import msgspec
from pydantic import ValidationError

from stagework.api import names
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject
from stagework.controllers.pipelinejobs.decoding import decode_status
from stagework.controllers.pipelinejobs.triggers import RUNS
from stagework.overview.alert_rules import OrphanSeen

_SIGN: Final = f'"{names.ORPHANED}"'.encode()
_AT_ONCE: Final = 500
"""Runs gone through before others have their turn."""


class _Orphan(msgspec.Struct):
    stage: str
    attempt: int
    at: datetime


class _Kept(msgspec.Struct):
    """What a tombstone has of them."""

    orphans: list[_Orphan] = []


_kept = msgspec.json.Decoder(_Kept)


async def orphans_seen(cache: Cache) -> list[OrphanSeen]:
    """Of all runs, those that have left memory too."""
    found: list[OrphanSeen] = []
    for place, known in enumerate(tuple(cache.all(RUNS))):
        if place % _AT_ONCE == 0:
            await asyncio.sleep(0)
        orphans = _kept.decode(known.status).orphans if known.is_tombstone else _of_run(known)
        meta = known.metadata
        found += (OrphanSeen(meta.namespace, meta.name, o.stage, o.attempt, o.at) for o in orphans)
    return found


def orphans_document(known: OwnObject) -> dict[str, Any]:
    """What stays of the status of one that is evicted; nothing where no process was lost."""
    orphans = list(_of_run(known))
    return {"orphans": msgspec.to_builtins(orphans)} if orphans else {}


def _of_run(known: OwnObject) -> Iterator[_Orphan]:
    if _SIGN not in bytes(known.status):
        return
    try:
        stages = decode_status(known).stages
    except ValidationError:
        return  # edited by hand: its own decision says so
    for stage in stages:
        attempts = [(ended.attempt, ended.reason, ended.time) for ended in stage.earlier]
        attempts.append((stage.attempt, stage.reason, stage.completionTime))
        for attempt, reason, at in attempts:
            if reason == names.ORPHANED and at is not None:
                yield _Orphan(stage.name, attempt, at)
