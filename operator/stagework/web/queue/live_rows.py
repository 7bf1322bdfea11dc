"""Rows of work of all runs that are there, read when somebody asks, and kept for a moment.

Cost: one list of PipelineJobs (pages) and of nodes for everybody who asks within it; a run is
decoded again only when its version has changed, a revision once. The more a list takes, the longer
it is kept: ten times as long as it took, two seconds at least. So reading costs a tenth of a core
at most, whatever the number of runs and of readers.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from stagework.api.observed import NodeView
from stagework.api.pipelinejob import PipelineJob, PipelineJobSpec, PipelineJobStatus
from stagework.api.stages import Stage
from stagework.cluster.cache.own_objects import OwnObject
from stagework.overview.queue.live import work_of
from stagework.overview.queue.places import Places
from stagework.overview.queue.work import Work
from stagework.web.errors import ClusterUnavailable
from stagework.web.queue_source import QueueSource

KEPT_SECONDS: Final = 2.0
"""Shortest time that a reading is kept."""
KEPT_PER_SECOND: Final = 10.0
"""So many times as long as it took."""
NEWS_SECONDS: Final = 60.0
"""A reading is a new one after this long, though no run has changed: hours and ages have."""
_AT_ONCE: Final = 20
"""Runs decoded before others have their turn."""
_REVISIONS_KEPT: Final = 1000

_log = logging.getLogger("stagework.web.queue")


@dataclass(frozen=True, slots=True)
class Reading:
    """All rows at one moment."""

    seq: int
    """Grows with each reading that has something new."""
    rows: tuple[Work, ...]
    nodes: tuple[NodeView, ...] | None
    """None where they cannot be read."""

    @property
    def namespaces(self) -> frozenset[str]:
        """Those that have runs in the queue."""
        return frozenset(work.namespace for work in self.rows)


@dataclass(frozen=True, slots=True)
class _Decoded:
    version: str
    rows: tuple[Work, ...]


def run_from(known: OwnObject) -> PipelineJob:
    """A run as the numbers need it; raises pydantic.ValidationError for one of another version."""
    return PipelineJob.model_construct(
        metadata=known.checked_metadata(),
        spec=PipelineJobSpec.model_validate_json(bytes(known.spec)),
        status=PipelineJobStatus.model_validate_json(bytes(known.status)),
    )


class LiveRows:
    """Reads at most once for all that ask at the same time."""

    def __init__(
        self,
        source: QueueSource,
        namespaces: tuple[str, ...],
        places: Places,
        clock: Callable[[], float],
    ) -> None:
        self._source = source
        self._namespaces = namespaces
        self._places = places
        self._clock = clock
        self._lock = asyncio.Lock()
        self._expires = float("-inf")
        self._news_at = float("-inf")
        self._decoded: dict[str, _Decoded] = {}
        self._revisions: dict[tuple[str, str], tuple[Stage, ...]] = {}
        self._reading = Reading(0, (), None)

    async def read(self) -> Reading:
        """The last reading, or a new one; raises ClusterUnavailable."""
        async with self._lock:
            began = self._clock()
            if began >= self._expires:
                await self._refresh(began)
                took = self._clock() - began
                self._expires = began + took + max(KEPT_SECONDS, KEPT_PER_SECOND * took)
            return self._reading

    def forget(self) -> None:
        """Something was written: the next one who asks wants to see it."""
        self._expires = float("-inf")

    async def run(self, namespace: str, name: str) -> PipelineJob | None:
        """A run as it is now; None where there is none, or one of another version."""
        found = await self._source.run_object(namespace, name)
        try:
            return run_from(found) if found is not None else None
        except ValidationError:
            return None

    async def stages_of(self, run: PipelineJob) -> tuple[Stage, ...]:
        """The run's stages as its revision keeps them; none where that cannot be read."""
        if run.spec.stages is not None:
            return tuple(run.spec.stages)
        key = (run.metadata.namespace, run.status.pipelineRevision)
        if not key[1]:
            return ()
        known = self._revisions.get(key)
        if known is None:
            known = await self._source.revision_stages(*key)
            if len(self._revisions) >= _REVISIONS_KEPT:
                self._revisions.clear()
            # Their names are digests of what they keep: what was read once is so for ever.
            self._revisions[key] = known
        return known

    async def _refresh(self, now: float) -> None:
        objects = await self._source.run_objects(self._namespaces)
        nodes = await self._nodes()
        before, self._decoded = self._decoded, {}
        for place, known in enumerate(objects):
            self._decoded[known.metadata.uid] = await self._rows_of(known, before)
            if place % _AT_ONCE == 0:
                await asyncio.sleep(0)
        same = _versions(before) == _versions(self._decoded) and nodes == self._reading.nodes
        if same and now < self._news_at + NEWS_SECONDS:
            return
        self._news_at = now
        rows = tuple(work for one in self._decoded.values() for work in one.rows)
        self._reading = Reading(self._reading.seq + 1, rows, nodes)

    async def _nodes(self) -> tuple[NodeView, ...] | None:
        try:
            return tuple(await self._source.nodes())
        except ClusterUnavailable as error:
            _log.warning("nodes cannot be listed", extra={"error": str(error)})
            return None

    async def _rows_of(self, known: OwnObject, before: dict[str, _Decoded]) -> _Decoded:
        meta = known.metadata
        old = before.get(meta.uid)
        if old is not None and old.version == meta.resourceVersion:
            return old
        try:
            run = run_from(known)
        except ValidationError:
            # Of another version: its operator counts it, we cannot.
            return _Decoded(meta.resourceVersion, ())
        done = {work.stage: work for work in old.rows} if old is not None else None
        rows = tuple(work_of(run, await self.stages_of(run), self._places, done))
        return _Decoded(meta.resourceVersion, rows)


def _versions(decoded: dict[str, _Decoded]) -> dict[str, str]:
    return {uid: one.version for uid, one in decoded.items()}
