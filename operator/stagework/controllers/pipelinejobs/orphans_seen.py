"""Attempts that had lost their process, as the statuses of the runs that are there have them."""

import asyncio
from collections.abc import Iterator
from typing import Final

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


async def orphans_seen(cache: Cache) -> list[OrphanSeen]:
    """Of all runs that are in memory whole."""
    found: list[OrphanSeen] = []
    for place, known in enumerate(tuple(cache.all(RUNS))):
        if place % _AT_ONCE == 0:
            await asyncio.sleep(0)
        if not known.is_tombstone and _SIGN in bytes(known.status):
            found += _of_run(known)
    return found


def _of_run(known: OwnObject) -> Iterator[OrphanSeen]:
    meta = known.metadata
    try:
        stages = decode_status(known).stages
    except ValidationError:
        return  # edited by hand: its own decision says so
    for stage in stages:
        attempts = [(ended.attempt, ended.reason, ended.time) for ended in stage.earlier]
        attempts.append((stage.attempt, stage.reason, stage.completionTime))
        for attempt, reason, at in attempts:
            if reason == names.ORPHANED and at is not None:
                yield OrphanSeen(meta.namespace, meta.name, stage.name, attempt, at)
