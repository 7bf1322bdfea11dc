"""Goes through all runs now and then for stages whose process may have gone.

Each such run is decided about again, whatever watches have shown or not: what follows is the
plan's, as ever. What was found, recovered and left alone is counted and said in one line of the
log.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from pydantic import ValidationError

from stagework.api.pipelinejob import PipelineJob, PipelineJobSpec
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.client.errors import ApiError
from stagework.controllers.controller import Key, Unreadable
from stagework.controllers.pipelinejobs.decoding import decode_status, run_of
from stagework.controllers.pipelinejobs.take_over import Prepare
from stagework.controllers.pipelinejobs.triggers import RUNS, key_of
from stagework.overview.orphans import Suspects, suspects_in
from stagework.plans.pipelinejob.snapshot import Resolved
from stagework.plans.plan import Fact
from stagework.plans.transitions import Recovered

log = logging.getLogger(__name__)

_SIGNS: Final = (b"suspectedTime", b"awaySince")
"""In the status of a run of which a stage is suspected."""
_AT_ONCE: Final = 200
"""Runs gone through before others have their turn."""


class OrphanSweep:
    """Counts from one sweep to the next."""

    def __init__(
        self,
        cache: Cache,
        wake: Callable[[Key], None],
        wall_clock: Callable[[], datetime],
        *,
        sweep_seconds: float,
        timeout_seconds: float,
    ) -> None:
        """`wake`: decide about a run again; `timeout_seconds`: for stages that say no other."""
        self._cache = cache
        self._wake = wake
        self._wall_clock = wall_clock
        self._sweep_seconds = sweep_seconds
        self._timeout = timedelta(seconds=timeout_seconds)
        self._recovered: Counter[str] = Counter()

    def record(self, facts: Iterable[Fact]) -> None:
        """What was recovered since the last sweep, by cause."""
        self._recovered.update(fact.cause for fact in facts if isinstance(fact, Recovered))

    async def sweep_for_ever(self, prepare: Prepare) -> None:
        """One after the other, with a pause in between."""
        self._recovered.clear()
        while True:
            await asyncio.sleep(self._sweep_seconds)
            await self.sweep(prepare)

    async def sweep(self, prepare: Prepare) -> Suspects:
        """Wake all runs of which a stage is suspected; what was found."""
        runs: list[PipelineJob] = []
        own: dict[tuple[str, str], timedelta] = {}
        for place, known in enumerate(tuple(self._cache.all(RUNS))):
            if place % _AT_ONCE == 0:
                await asyncio.sleep(0)
            status = bytes(known.status)
            if known.is_tombstone or not any(sign in status for sign in _SIGNS):
                continue
            try:
                spec = PipelineJobSpec.model_construct()
                runs.append(run_of(known, spec, decode_status(known)))
            except ValidationError:
                continue  # edited by hand: its own decision says so
            self._wake(key_of(known))
            own.update(await _own_timeouts(known, prepare))
        found = suspects_in(runs, self._timeout, self._wall_clock(), own)
        self._say(found)
        return found

    def _say(self, found: Suspects) -> None:
        recovered, self._recovered = self._recovered, Counter()
        if not (found.all or recovered):
            return
        waiting = Counter(one.skipped or "due" for one in found.all)
        log.info(
            "orphans: suspected %d (%s), recovered since the last sweep %d (%s), parents %d",
            len(found.all),
            _listed(waiting),
            recovered.total(),
            _listed(recovered),
            len(found.parents),
        )


async def _own_timeouts(known: OwnObject, prepare: Prepare) -> dict[tuple[str, str], timedelta]:
    """Of the stages that say one; none where they cannot be read now."""
    try:
        stages = PipelineJobSpec.model_validate_json(bytes(known.spec)).stages
        if stages is None:
            resolved = await prepare(known)
            stages = resolved.stages if isinstance(resolved, Resolved) else []
    except (ApiError, Unreadable, ValidationError):
        return {}
    return {
        (known.metadata.uid, stage.name): timedelta(seconds=stage.orphanTimeoutSeconds)
        for stage in stages
        if stage.orphanTimeoutSeconds is not None
    }


def _listed(counts: Counter[str]) -> str:
    return ", ".join(_words(counts)) or "none"


def _words(counts: Counter[str]) -> Iterator[str]:
    for word in sorted(counts):
        yield f"{word} {counts[word]}"
