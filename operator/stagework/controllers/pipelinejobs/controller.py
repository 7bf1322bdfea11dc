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
    BY_OWNER,
    STAGE_JOBS,
    STAGE_PODS,
)
from stagework.cluster.client.errors import ApiError
from stagework.controllers.controller import Controller, Key, Trigger, Unreadable, View
from stagework.controllers.pipelinejobs.decoding import (
    decode_status,
    revision_of,
    run_of,
    summary_of,
)
from stagework.controllers.pipelinejobs.gather import Gatherer
from stagework.controllers.pipelinejobs.metrics import QueueMetrics, StageMetrics
from stagework.controllers.pipelinejobs.revisions import Revisions
from stagework.controllers.pipelinejobs.slots import Slots
from stagework.controllers.pipelinejobs.triggers import RUNS, Triggers, key_of
from stagework.plans.pipelinejob.accept import not_understood, unreadable
from stagework.plans.pipelinejob.pending import pending
from stagework.plans.pipelinejob.plan import evaluate, finish
from stagework.plans.pipelinejob.snapshot import PlanSettings, Resolved, ResultQuestion
from stagework.plans.plan import Fact, Plan, Question
from stagework.service_client.results import ResultStore

log = logging.getLogger(__name__)


class PipelineJobs(Controller[PipelineJobStatus]):
    """Runs of pipelines."""

    kind = PIPELINEJOB
    reads = (STAGE_JOBS, STAGE_PODS, ALL_NODES)

    def __init__(
        self,
        cache: Cache,
        revisions: Revisions,
        results: ResultStore,
        settings: PlanSettings,
        *,
        wake: Callable[[Key], None],
        registry: CollectorRegistry,
        wall: Callable[[], datetime],
    ) -> None:
        """`wake`: reconcile a run, since its turn has changed. `registry`: of its metrics."""
        self._cache = cache
        self._revisions = revisions
        self._results = results
        self._wall = wall
        self.stage_metrics = StageMetrics(registry)
        self.queue_metrics = QueueMetrics(registry, wall)
        self._slots = Slots(settings.fleet, wake)
        self._gatherer = Gatherer(cache, self._slots, settings)

    def triggers(self) -> Iterable[Trigger[Any]]:
        """Its Pipeline, its Jobs and Pods, and the nodes."""
        return Triggers(self._cache, self._slots, self._gatherer.ended.is_over).all()

    async def prepare(self, known: OwnObject) -> Resolved | None:
        """The stages of its revision; None where it lists its own, or is not accepted."""
        if self._gatherer.spec(known).inline is not None:
            return None
        name = revision_of(known)
        return await self._revisions.get(known.metadata.namespace, name) if name else None

    def decide(self, view: View[PipelineJobStatus], now: datetime) -> Plan[PipelineJobStatus]:
        """Evaluate the run, ask for slots, finish the plan."""
        snapshot = self._gatherer.snapshot(view)
        uid = snapshot.run.metadata.uid
        evaluated = evaluate(snapshot, now)
        turns = self._slots.request(key_of(view.object), uid, evaluated.slot_requests)
        plan = finish(evaluated, turns, now)
        status = plan.status or snapshot.run.status
        self.queue_metrics.waits(uid, pending(snapshot, status, turns))
        self.queue_metrics.lengths(self._slots.queue_lengths())
        return plan

    def unreadable(
        self, known: OwnObject, fault: str, now: datetime
    ) -> Plan[PipelineJobStatus] | None:
        """Refuse it for good, once, unless it has begun; a broken status is only logged."""
        run = self._without_spec(known, fault)
        if run is None or run.status.summary == names.INVALID_SPEC:
            return None
        judge = not_understood if run.status.stages else unreadable
        return judge(run, fault, now)

    def not_understood(
        self, known: OwnObject, fault: str, now: datetime
    ) -> Plan[PipelineJobStatus] | None:
        """Say so, once; nothing of it is touched."""
        run = self._without_spec(known, fault)
        return not_understood(run, fault, now) if run is not None else None

    async def before_first_decision(self) -> None:
        """Every run says what it holds before the first turn is given."""
        self._slots.close()
        for run in list(self._cache.all(RUNS)):
            if run.is_tombstone:
                continue
            meta = run.metadata
            at_work = summary_of(run) == names.RUNNING
            pods = self._cache.indexed(STAGE_PODS, meta.namespace, BY_OWNER, meta.uid)
            if at_work or pods:  # else it holds nothing; it requests when it is decided about
                await self._say_what_it_holds(run)
                await asyncio.sleep(0)  # Lease, watches and probes have their turn
        self._slots.open()

    def after_last_decision(self) -> None:
        """Nobody waits here any more."""
        self.queue_metrics.clear()

    def background(self) -> Iterable[Coroutine[Any, Any, None]]:
        """Sweep revisions that no run names."""
        return (self._revisions.sweep_for_ever(self._cache),)

    async def answer(self, about: ObjectRef, question: Question) -> Any:
        """Ask the API service what an attempt has left."""
        if not isinstance(question, ResultQuestion):
            raise TypeError(f"nobody answers {question}")
        stage, attempt = question.stage, question.attempt
        return await self._results.look_up(about.namespace, about.uid, stage, attempt)

    def at_work(self) -> int:
        """Stages that hold a slot."""
        return self._slots.taken()

    def record(self, facts: Sequence[Fact]) -> None:
        """Count what has happened."""
        self.stage_metrics.record(facts)

    def stored(self, known: OwnObject, status: PipelineJobStatus) -> None:
        """Known already: it need not be decoded again."""
        self._gatherer.stored(known, status)

    def tombstone(self, known: OwnObject) -> OwnObject:
        """Its revision stays: a person's Retry may need it, so it must not be swept."""
        return tombstone_of(known, {"pipelineRevision": revision_of(known)})

    def forget(self, uid: str) -> None:
        """What was decoded of it, and what is noted of its attempts."""
        self._gatherer.forget(uid)

    def release(self, uid: str) -> None:
        """It holds no slot and waits for none."""
        self._slots.release(uid)
        self.queue_metrics.waits(uid, {})
        self.queue_metrics.lengths(self._slots.queue_lengths())

    async def _say_what_it_holds(self, run: OwnObject) -> None:
        uid = run.metadata.uid
        try:
            view = View[PipelineJobStatus](run, await self.prepare(run))
            evaluated = evaluate(self._gatherer.snapshot(view), self._wall())
        except (Unreadable, ApiError):
            return  # said in its own status when it is decided about
        except Exception:
            # One bad object must never stop the others.
            log.exception("%s/%s: its slots are not known", *run.name)
            return
        self._slots.request(key_of(run), uid, evaluated.slot_requests)

    def _without_spec(self, known: OwnObject, fault: str) -> PipelineJob | None:
        """What is known of a run all the same; None where that is not even its status."""
        try:
            status = decode_status(known)
        except ValidationError:
            log.error("%s/%s: its status was edited by hand: %s", *known.name, fault)  # noqa: TRY400
            return None
        return run_of(known, PipelineJobSpec.model_construct(), status)
