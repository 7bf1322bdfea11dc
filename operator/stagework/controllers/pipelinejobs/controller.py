"""The controller of PipelineJobs: gathers a snapshot, asks the slot ledger between the two halves
of the plan.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from stagework.api import names
from stagework.api.kinds import PIPELINEJOB
from stagework.api.pipelinejob import PipelineJob, PipelineJobSpec, PipelineJobStatus
from stagework.api.resources import ObjectRef
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject, tombstone_of
from stagework.cluster.cache.selections import (
    ALL_NODES,
    STAGE_JOBS,
    STAGE_PODS,
)
from stagework.controllers.controller import Controller, Key, Trigger, View
from stagework.controllers.decoding import end_document
from stagework.controllers.pipelinejobs.answers import Answers
from stagework.controllers.pipelinejobs.decoding import (
    decode_status,
    revision_of,
    run_of,
)
from stagework.controllers.pipelinejobs.gather import Gatherer
from stagework.controllers.pipelinejobs.left_behind import LeftBehind
from stagework.controllers.pipelinejobs.limit_ranges import LimitRanges
from stagework.controllers.pipelinejobs.metrics import QueueMetrics, StageMetrics
from stagework.controllers.pipelinejobs.orphan_sweep import OrphanSweep
from stagework.controllers.pipelinejobs.orphans_seen import orphans_document
from stagework.controllers.pipelinejobs.readiness import Readiness
from stagework.controllers.pipelinejobs.retelling import Retelling
from stagework.controllers.pipelinejobs.revisions import Revisions
from stagework.controllers.pipelinejobs.shortages import Shortages
from stagework.controllers.pipelinejobs.slots import Slots
from stagework.controllers.pipelinejobs.take_over import TakeOver
from stagework.controllers.pipelinejobs.triggers import Triggers, key_of
from stagework.plans.pipelinejob.accept import not_understood, undecidable, unreadable
from stagework.plans.pipelinejob.facts import with_history
from stagework.plans.pipelinejob.pending import pending
from stagework.plans.pipelinejob.plan import evaluate, finish
from stagework.plans.pipelinejob.snapshot import (
    ForgedRevision,
    PlanSettings,
    Resolved,
    RunPlan,
)
from stagework.plans.plan import Fact, Plan, Question
from stagework.policies.slots.request import Moment

log = logging.getLogger(__name__)

_TICK_SECONDS = 1.0
"""How often unused turns and places in queues are looked after."""


class PipelineJobs(Controller[PipelineJobStatus]):
    """Runs of pipelines."""

    kind = PIPELINEJOB
    reads = (STAGE_JOBS, STAGE_PODS, ALL_NODES)

    def __init__(
        self,
        cache: Cache,
        revisions: Revisions,
        answers: Answers,
        limit_ranges: LimitRanges,
        settings: PlanSettings,
        *,
        queue_metrics: QueueMetrics,
        retelling: Retelling,
        left_behind: LeftBehind,
        orphan_sweep: OrphanSweep,
        wake: Callable[[Key], None],
        registry: CollectorRegistry,
        wall_clock: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        """`wake`: reconcile a run, for its turn has changed; `clock`: seconds that nobody sets."""
        self._cache = cache
        self._revisions = revisions
        self._answers = answers
        self._limit_ranges = limit_ranges
        self._shortages = Shortages(cache, wake, clock)
        self._retelling = retelling
        self._left_behind = left_behind
        self._orphan_sweep = orphan_sweep
        self.stage_metrics = StageMetrics(registry)
        self.queue_metrics = queue_metrics
        self._slots = Slots(
            settings.fleet,
            wake,
            pod_of=lambda namespace, uid: cache.get(STAGE_PODS, namespace, uid),
            moment=lambda: Moment(wall_clock(), clock()),
            lease_seconds=2.0 * settings.start_grace_seconds,
        )
        self._readiness = Readiness(wall_clock)
        self._gatherer = Gatherer(cache, self._slots, settings, self._shortages, limit_ranges)
        self._gatherer.remembered = retelling.remembered
        self._gatherer.ready_since = self._readiness.since
        self._take_over = TakeOver(cache, self._slots, self._gatherer, settings.fleet, wall_clock)

    def triggers(self) -> Iterable[Trigger[Any]]:
        """Its Pipeline, its Jobs and Pods, and the nodes."""
        own = Triggers(self._cache, self._slots, self._gatherer.ended.is_over).all()
        return (*own, Trigger(ALL_NODES, self._readiness.changed))

    async def prepare(self, known: OwnObject) -> Resolved | ForgedRevision | None:
        """The stages of its revision; None where it lists its own, or is not accepted."""
        await self._limit_ranges.read(known.metadata.namespace)
        if self._gatherer.spec(known).inline is not None:
            return None
        name = revision_of(known)
        return await self._revisions.get(known.metadata.namespace, name) if name else None

    def decide(self, view: View[PipelineJobStatus], now: datetime) -> Plan[PipelineJobStatus]:
        """Evaluate the run, ask for slots, finish the plan."""
        snapshot = self._gatherer.snapshot(view)
        uid, evaluated = snapshot.run.metadata.uid, evaluate(snapshot, now)
        key = key_of(view.object)
        turns = evaluated.turns(lambda wanted: self._slots.request(key, uid, wanted))
        plan = with_history(snapshot, finish(evaluated, turns, now), now)
        status = plan.status or snapshot.run.status
        self._shortages.note(snapshot.run.metadata.namespace, status)
        self.queue_metrics.numbers.note(snapshot, plan.status)
        self.queue_metrics.waits(uid, pending(snapshot, status, turns))
        self.queue_metrics.lengths(self._slots.queue_lengths())
        return plan

    def unreadable(self, known: OwnObject, fault: str, now: datetime) -> RunPlan | None:
        """Refuse it for good, once, unless it has begun; a broken status is only logged."""
        self._take_over.hold_by_records(known)
        run = _without_spec(known, fault)
        if run is None or run.status.summary == names.INVALID_SPEC:
            return None
        judge = not_understood if run.status.stages else unreadable
        return judge(run, fault, now)

    def not_understood(self, known: OwnObject, fault: str, now: datetime) -> RunPlan | None:
        """Say so, once; nothing of it is touched."""
        run = _without_spec(known, fault)
        return not_understood(run, fault, now) if run is not None else None

    def undecidable(self, known: OwnObject, fault: str, now: datetime) -> RunPlan | None:
        """Say so; what it wants of slots is for others, what it holds stays its own."""
        self._slots.release(known.metadata.uid)
        run = _without_spec(known, fault)
        return undecidable(run, fault, now) if run is not None else None

    async def before_first_decision(self) -> None:
        """Every run says what it holds and wants before the first turn is given."""
        self._gatherer.looking_since = self._readiness.begin()
        self._shortages.forget_all()
        await self._take_over.everybody_says(self.prepare)

    def after_last_decision(self) -> None:
        """Nobody waits here any more."""
        self.queue_metrics.clear()

    def background(self) -> Iterable[Coroutine[Any, Any, None]]:
        """Sweep what no run names or was left behind; tell history; let slots' time go on."""
        sweeps = (
            self._revisions.sweep_for_ever(self._cache),
            self._left_behind.sweep_for_ever(self._slots.holds_for),
            self._left_behind.hasten_for_ever(),
            self._orphan_sweep.sweep_for_ever(self.prepare),
        )
        old = (self._shortages.forget_old, self._limit_ranges.forget_old)
        return (*sweeps, self._retelling.run(), _tick_for_ever(self._slots.tick, *old))

    async def answer(self, about: ObjectRef, question: Question) -> Any:
        """Ask whoever knows."""
        return await self._answers.answer(about, question)

    def at_work(self) -> int:
        """Stages that hold a slot."""
        return self._slots.taken()

    def record(self, facts: Sequence[Fact]) -> None:
        """Count what has happened, and keep it for history."""
        for part in (self.stage_metrics, self._orphan_sweep, self._retelling):
            part.record(facts)

    def stored(self, known: OwnObject, status: PipelineJobStatus) -> None:
        """Known already: it need not be decoded again."""
        self._gatherer.stored(known, status)

    def tombstone(self, known: OwnObject) -> OwnObject:
        """Its revision stays: a person's Retry may need it, so it must not be swept. So does how
        it has ended, for what has made it, and what was lost of it, for people are told of that.
        """
        status = {**end_document(known), **orphans_document(known)}
        return tombstone_of(known, {"pipelineRevision": revision_of(known), **status})

    def forget(self, uid: str) -> None:
        """What was decoded of it, and what is noted of its attempts."""
        self._gatherer.forget(uid)

    def release(self, uid: str) -> None:
        """It waits for nothing; its Pods that are out hold their slots until they have ended."""
        self._slots.release(uid)
        self._left_behind.run_is_gone(uid)
        self.queue_metrics.forget(uid)
        self.queue_metrics.lengths(self._slots.queue_lengths())


async def _tick_for_ever(*ticks: Callable[[], object]) -> None:
    while True:
        await asyncio.sleep(_TICK_SECONDS)
        for tick in ticks:
            tick()


def _without_spec(known: OwnObject, fault: str) -> PipelineJob | None:
    """What is known of a run all the same; None where that is not even its status."""
    try:
        status = decode_status(known)
    except ValidationError:
        log.error("%s/%s: its status was edited by hand: %s", *known.name, fault)  # noqa: TRY400
        return None
    return run_of(known, PipelineJobSpec.model_construct(), status)
