"""The controller of ScheduledJobs: gathers a snapshot, and has it decided."""

from collections.abc import Callable, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from stagework.api import names
from stagework.api.kinds import SCHEDULEDJOB
from stagework.api.scheduledjob import (
    ActiveRun,
    EndedRun,
    ScheduledJob,
    ScheduledJobSpec,
    ScheduledJobStatus,
)
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject
from stagework.controllers.child_runs import RUNS, of_its_runs, runs_of
from stagework.controllers.controller import Controller, Trigger, View
from stagework.controllers.decoded import Decoded
from stagework.controllers.decoding import end_of, understood
from stagework.controllers.scheduledjobs.metrics import ScheduleMetrics
from stagework.controllers.scheduledjobs.missing_runs import MissingRuns, ReadRuns
from stagework.plans.plan import Fact
from stagework.plans.scheduledjob.plan import not_readable, plan
from stagework.plans.scheduledjob.snapshot import RunSeen, SchedulePlan, Snapshot


class ScheduledJobs(Controller[ScheduledJobStatus]):
    """ScheduledJobs."""

    kind = SCHEDULEDJOB

    def __init__(
        self,
        cache: Cache,
        missing: MissingRuns,
        *,
        remembered: Callable[[str], bool],
        registry: CollectorRegistry,
    ) -> None:
        """`remembered`: whether history has acknowledged all of a run."""
        self._cache = cache
        self._metrics = ScheduleMetrics(registry)
        self._remembered = remembered
        self._missing = missing
        self._decoded: Decoded[ScheduledJobSpec, ScheduledJobStatus] = Decoded(_spec_of, _status_of)

    def triggers(self) -> tuple[Trigger[OwnObject]]:
        """Its runs, as they come, end and go."""
        return (of_its_runs(SCHEDULEDJOB),)

    async def prepare(self, known: OwnObject) -> ReadRuns:
        """Recorded runs that the cache does not show; raises Unreadable or ApiError."""
        with understood("status."):
            status = self._decoded.status(known)
        namespace = known.metadata.namespace
        missing = [
            run for run in _recorded(status) if self._cache.get(RUNS, namespace, run.uid) is None
        ]
        return await self._missing.read(namespace, missing) if missing else ReadRuns()

    def decide(self, view: View[ScheduledJobStatus], now: datetime) -> SchedulePlan:
        """Raises Unreadable."""
        known = view.object
        with understood("status."):
            status = view.unwritten or self._decoded.status(known)
        with understood("spec."):
            spec = self._decoded.spec(known)
        return plan(self._snapshot(known, spec, status, view), now)

    def unreadable(self, known: OwnObject, fault: str, now: datetime) -> SchedulePlan | None:
        """Nothing is made for it; a status that somebody has broken is only logged."""
        return self._not_readable(known, names.INVALID_SPEC, fault, now)

    def not_understood(self, known: OwnObject, fault: str, now: datetime) -> SchedulePlan | None:
        """It waits for an operator that knows it; then its slots are late, not lost."""
        text = f"{fault}; this operator's version does not know it: upgrade the operator"
        return self._not_readable(known, names.NOT_UNDERSTOOD, text, now)

    def record(self, facts: Sequence[Fact]) -> None:
        """Count what has happened."""
        self._metrics.record(facts)

    def stored(self, known: OwnObject, status: ScheduledJobStatus) -> None:
        """Known already: it need not be decoded again."""
        self._decoded.stored(known, status)

    def forget(self, uid: str) -> None:
        """It is gone."""
        self._decoded.drop(uid)

    def _snapshot(
        self,
        known: OwnObject,
        spec: ScheduledJobSpec,
        status: ScheduledJobStatus,
        view: View[ScheduledJobStatus],
    ) -> Snapshot:
        meta = known.metadata
        own = SCHEDULEDJOB.ref(meta.namespace, meta.name, meta.uid)
        read: ReadRuns = view.prepared
        seen: dict[str, RunSeen] = {}
        for uid in (run.uid for run in _recorded(status)):
            run = self._cache.get(RUNS, meta.namespace, uid) or read.there.get(uid)
            if run is not None:
                seen[uid] = _seen(run)
        return Snapshot(
            schedule_of(known, spec, status),
            runs=seen,
            gone=read.gone - seen.keys(),
            remembered=frozenset(filter(self._remembered, seen)),
            standing=frozenset(run.metadata.name for run in runs_of(self._cache, own)),
            interventions=view.interventions,
            made=view.made,
            refusals=view.refusals,
        )

    def _not_readable(
        self, known: OwnObject, reason: str, text: str, now: datetime
    ) -> SchedulePlan | None:
        try:
            status = self._decoded.status(known)
        except ValidationError:
            return super().unreadable(known, text, now)
        unknown = ScheduledJobSpec.model_construct()
        return not_readable(Snapshot(schedule_of(known, unknown, status)), reason, text, now)


def schedule_of(
    known: OwnObject, spec: ScheduledJobSpec, status: ScheduledJobStatus
) -> ScheduledJob:
    """The ScheduledJob for decisions."""
    return ScheduledJob.model_construct(metadata=known.checked_metadata(), spec=spec, status=status)


def _recorded(status: ScheduledJobStatus) -> tuple[ActiveRun | EndedRun, ...]:
    return (*status.activeRuns, *status.endedRuns)


def _seen(run: OwnObject) -> RunSeen:
    end, leaving = end_of(run), run.metadata.deletionTimestamp is not None
    if end is None:
        return RunSeen(leaving=leaving)
    return RunSeen(True, end.succeeded, end.seconds, end.at, leaving)


def _spec_of(known: OwnObject) -> ScheduledJobSpec:
    return ScheduledJobSpec.model_validate_json(bytes(known.spec))


def _status_of(known: OwnObject) -> ScheduledJobStatus:
    return ScheduledJobStatus.model_validate_json(bytes(known.status))
