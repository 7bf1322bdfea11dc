"""The controller of ScheduledJobs: gathers a snapshot, and has it decided."""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime
from typing import Any

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
from stagework.children.slot_child import slot_child
from stagework.children.task_job import TaskDefaults
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.cache.selections import TASK_JOBS
from stagework.controllers.controller import Controller, Trigger, View
from stagework.controllers.decoded import Decoded
from stagework.controllers.decoding import understood
from stagework.controllers.scheduledjobs.children import SOURCES, seen, source_of, standing
from stagework.controllers.scheduledjobs.metrics import ScheduleMetrics
from stagework.controllers.scheduledjobs.missing_runs import MissingRuns, ReadRuns
from stagework.controllers.scheduledjobs.task_schedules import TaskSchedules
from stagework.plans.plan import Fact
from stagework.plans.scheduledjob.plan import not_readable, plan
from stagework.plans.scheduledjob.snapshot import RunSeen, SchedulePlan, Snapshot


class ScheduledJobs(Controller[ScheduledJobStatus]):
    """ScheduledJobs."""

    kind = SCHEDULEDJOB

    reads = (TASK_JOBS,)

    def __init__(
        self,
        cache: Cache,
        missing: MissingRuns,
        tasks: TaskDefaults,
        schedules: TaskSchedules | None = None,
        *,
        alerts: Callable[[], Coroutine[Any, Any, None]],
        remembered: Callable[[str], bool],
        registry: CollectorRegistry,
    ) -> None:
        """`schedules`: those of built-in tasks, which are kept as the settings have them; `alerts`:
        like those tasks the release's own affair, tells people what stands wrong until cancelled;
        `remembered`: whether history has acknowledged all of a run.
        """
        self._cache = cache
        self._missing = missing
        self._tasks = tasks
        self._schedules = schedules
        self._alerts = alerts
        self._remembered = remembered
        self._metrics = ScheduleMetrics(registry)
        self._decoded: Decoded[ScheduledJobSpec, ScheduledJobStatus] = Decoded(_spec_of, _status_of)

    def triggers(self) -> Iterable[Trigger[Any]]:
        """What it has made, as that comes, ends and goes."""
        return [Trigger(source.selection, source.concerns) for source in SOURCES.values()]

    def background(self) -> Iterable[Coroutine[Any, Any, None]]:
        """Keep the schedules of built-in tasks, and tell people."""
        kept = () if self._schedules is None else (self._schedules.keep_for_ever(),)
        return (*kept, self._alerts())

    async def prepare(self, known: OwnObject) -> ReadRuns:
        """Recorded runs that the cache does not show; raises Unreadable or ApiError."""
        with understood("status."):
            status = self._decoded.status(known)
        namespace = known.metadata.namespace
        missing = [run for run in _recorded(status) if seen(self._cache, namespace, run) is None]
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
        runs: dict[str, RunSeen] = {}
        remembered: set[str] = set()
        for run in _recorded(status):
            found = seen(self._cache, meta.namespace, run) or read.there.get(run.uid)
            if found is None:
                continue
            runs[run.uid] = found
            if self._is_remembered(meta.namespace, run):
                remembered.add(run.uid)
        schedule = schedule_of(known, spec, status)
        there = standing(self._cache, own)
        kind = slot_child(schedule, self._tasks).resource.kind
        return Snapshot(
            schedule,
            runs=runs,
            gone=read.gone - runs.keys(),
            remembered=remembered,
            standing=frozenset(there),
            of_other_kinds={name: other for name, other in there.items() if other != kind},
            tasks=self._tasks,
            interventions=view.interventions,
            made=view.made,
            refusals=view.refusals,
        )

    def _is_remembered(self, namespace: str, run: ActiveRun | EndedRun) -> bool:
        history_of = source_of(run.kind).history_of
        return all(map(self._remembered, history_of(self._cache, namespace, run)))

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


def _spec_of(known: OwnObject) -> ScheduledJobSpec:
    return ScheduledJobSpec.model_validate_json(bytes(known.spec))


def _status_of(known: OwnObject) -> ScheduledJobStatus:
    return ScheduledJobStatus.model_validate_json(bytes(known.status))
