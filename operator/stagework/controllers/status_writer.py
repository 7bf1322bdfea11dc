"""Writes statuses: at once what is urgent, the rest a moment later and merged with the next."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from stagework.api.base import Observed
from stagework.api.kinds import Kind
from stagework.api.resources import ObjectRef
from stagework.cluster.apply import Applier
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.patches import stored_document
from stagework.plans.plan import Plan
from stagework.plans.status_writes import NEVER, counted_from, when_to_write

MANY_OBJECTS: Final = 2000
"""With more objects than this, statuses that wait are kept as JSON: they might all wait at once."""


@dataclass(frozen=True)
class Written:
    """The status is stored."""

    object: OwnObject
    status: Observed


@dataclass(frozen=True)
class Waits:
    """The status is kept, and written in so many seconds at the latest."""

    seconds: float


@dataclass(frozen=True)
class Unwritten:
    """A status that was decided upon but not written yet."""

    resource_version: str
    kept: Observed | bytes
    """As JSON, which is far smaller, where very many may be waiting."""
    patient: bool = False
    """All that is new in it may wait for the longest pause."""

    def status(self, kind: Kind) -> Observed:
        """The status, decoded where it was kept as JSON."""
        if isinstance(self.kept, Observed):
            return self.kept
        if kind.status is None:
            raise TypeError(f"{kind.kind} has no status")
        return kind.status.model_validate_json(self.kept)


@dataclass
class _Memory:
    unwritten: Unwritten | None = None
    written_at: float = NEVER


class StatusWriter:
    """Statuses of all kinds, by uid of their objects; what waits can be decided again."""

    def __init__(
        self,
        applier: Applier,
        *,
        at_work: Callable[[], int],
        queue_latency: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        """`at_work`: how much goes on; `queue_latency`: seconds that keys wait for a worker."""
        self._applier = applier
        self._at_work = at_work
        self._queue_latency = queue_latency
        self._clock = clock
        self._memory: dict[str, _Memory] = {}

    def unwritten(self, kind: Kind, uid: str, resource_version: str) -> Observed | None:
        """The status to decide from while it was not written and nothing else was since."""
        memory = self._memory.get(uid)
        if memory is None or memory.unwritten is None:
            return None
        if memory.unwritten.resource_version == resource_version:
            return memory.unwritten.status(kind)
        memory.unwritten = None
        return None

    async def write(self, kind: Kind, target: ObjectRef, plan: Plan[Any]) -> Written | Waits | None:
        """Write the plan's status, or one that has waited, now or later; None: there is none.

        Raises ApiError or Outdated.
        """
        memory = self._memory.get(target.uid) or _Memory()
        wanted, before, patient = plan.status, memory.unwritten, plan.patient
        if before is not None:
            patient = before.patient and (wanted is None or patient)
            wanted = before.status(kind) if wanted is None else wanted
        if wanted is None:
            return None
        self._memory[target.uid] = memory
        # What presupposes the status must not be done before it.
        urgent = replace(plan, patient=patient).status_is_urgent
        now, at_work = self._clock(), self._at_work()
        memory.written_at = counted_from(memory.written_at, at_work=at_work, now_seconds=now)
        wait = when_to_write(
            urgent=urgent,
            patient=patient,
            written_at=memory.written_at,
            at_work=at_work,
            queue_latency_seconds=self._queue_latency(),
            now_seconds=now,
        )
        if wait > 0:
            memory.unwritten = self._kept(target.resource_version, wanted, patient=patient)
            return Waits(wait)
        memory.unwritten = None
        stored = await self._applier.write_status(target, wanted)
        memory.written_at = self._clock()
        return Written(stored, wanted)

    def waits(self, uid: str) -> bool:
        """Whether a status of the object is not written yet."""
        memory = self._memory.get(uid)
        return memory is not None and memory.unwritten is not None

    def drop_unwritten(self, uid: str) -> None:
        """Something has failed: what was decided upon is decided again."""
        memory = self._memory.get(uid)
        if memory is not None:
            memory.unwritten = None

    def forget(self, uid: str) -> None:
        """The object has left memory."""
        self._memory.pop(uid, None)

    def forget_all(self) -> None:
        """Leadership begins anew."""
        self._memory.clear()

    def _kept(self, resource_version: str, status: Observed, *, patient: bool) -> Unwritten:
        small = len(self._memory) > MANY_OBJECTS
        kept = orjson.dumps(stored_document(status)) if small else status
        return Unwritten(resource_version, kept, patient)
