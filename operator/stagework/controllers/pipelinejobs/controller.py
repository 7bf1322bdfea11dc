"""The controller of PipelineJobs: gathers a snapshot, asks the slot ledger between the two halves
of the plan.
"""

import logging
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from stagework.api import names
from stagework.api.kinds import PIPELINE, PIPELINEJOB
from stagework.api.pipelinejob import PipelineJobSpec, PipelineJobStatus
from stagework.api.resources import ObjectRef
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject, tombstone_of
from stagework.cluster.cache.selections import (
    BY_NAME,
    BY_OWNER,
    STAGE_JOBS,
    STAGE_PODS,
    objects_of,
)
from stagework.cluster.client.errors import ApiError
from stagework.controllers.controller import Controller, Key, Trigger, View
from stagework.controllers.decoded import Decoded
from stagework.controllers.metrics import Metrics
from stagework.controllers.pipelinejobs.decoding import (
    RunSpec,
    RunSpecs,
    decode_status,
    pipeline_of,
    revision_of,
    run_of,
    summary_of,
)
from stagework.controllers.pipelinejobs.ended_attempts import EndedAttempts
from stagework.controllers.pipelinejobs.revisions import Revisions
from stagework.controllers.pipelinejobs.slots import Slots
from stagework.controllers.pipelinejobs.triggers import RUNS, Triggers, key_of
from stagework.plans.pipelinejob.accept import unreadable
from stagework.plans.pipelinejob.pending import pending
from stagework.plans.pipelinejob.plan import evaluate, finish
from stagework.plans.pipelinejob.snapshot import PlanSettings, ResultQuestion, Snapshot
from stagework.plans.plan import Plan, Question
from stagework.service_client.results import ResultStore

log = logging.getLogger(__name__)

(_PIPELINE_NAME,) = PIPELINEJOB.references


class PipelineJobs(Controller[PipelineJobStatus]):
    """Runs of pipelines."""

    kind = PIPELINEJOB

    def __init__(
        self,
        cache: Cache,
        revisions: Revisions,
        results: ResultStore,
        settings: PlanSettings,
        *,
        wake: Callable[[Key], None],
        metrics: Metrics,
        wall: Callable[[], datetime],
    ) -> None:
        """`wake`: reconcile a run, since its turn has changed."""
        self._cache = cache
        self._revisions = revisions
        self._results = results
        self._settings = settings
        self._metrics = metrics
        self._wall = wall
        self._decoded: Decoded[RunSpec, PipelineJobStatus] = Decoded(
            RunSpecs().decode, decode_status
        )
        self._ended = EndedAttempts()
        self._slots = Slots(settings.fleet, wake)

    def triggers(self) -> Iterable[Trigger[Any]]:
        """Its Pipeline, its Jobs and Pods, and the nodes."""
        return Triggers(self._cache, self._slots, self._ended.is_over).all()

    async def decide(self, view: View[PipelineJobStatus], now: datetime) -> Plan[PipelineJobStatus]:
        """Evaluate the run, ask for slots, finish the plan."""
        snapshot = await self._snapshot(view)
        uid = snapshot.run.metadata.uid
        evaluated = evaluate(snapshot, now)
        turns = self._slots.request(key_of(view.object), uid, evaluated.slot_requests)
        plan = finish(evaluated, turns, now)
        status = plan.status or snapshot.run.status
        self._metrics.waits_for_room(uid, pending(snapshot, status, turns))
        self._metrics.queue_lengths(self._slots.queue_lengths())
        return plan

    def unreadable(
        self, known: OwnObject, fault: str, now: datetime
    ) -> Plan[PipelineJobStatus] | None:
        """Refuse it for good, once; one whose status is broken is only logged."""
        try:
            status = decode_status(known)
        except ValidationError:
            log.error("%s/%s: its status was edited by hand: %s", *known.name, fault)  # noqa: TRY400
            return None
        if status.summary == names.INVALID_SPEC:
            return None
        return unreadable(run_of(known, PipelineJobSpec.model_construct(), status), fault, now)

    async def before_first_decision(self) -> None:
        """Every run says what it holds before the first turn is given."""
        self._slots.close()
        for run in list(self._cache.all(RUNS)):
            meta = run.metadata
            at_work = summary_of(run) == names.RUNNING
            pods = self._cache.indexed(STAGE_PODS, meta.namespace, BY_OWNER, meta.uid)
            if at_work or pods:  # else it holds nothing; it requests when it is decided about
                await self._say_what_it_holds(run)
        self._slots.open()

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

    def stored(self, known: OwnObject, status: PipelineJobStatus) -> None:
        """Known already: it need not be decoded again."""
        self._decoded.stored(known, status)
        self._ended.note(known.metadata.uid, status.stages)

    def tombstone(self, known: OwnObject) -> OwnObject:
        """Its revision stays: a person's Retry may need it, so it must not be swept."""
        return tombstone_of(known, {"pipelineRevision": revision_of(known)})

    def forget(self, uid: str) -> None:
        """What was decoded of it, and what is noted of its attempts."""
        self._decoded.drop(uid)
        self._ended.forget(uid)

    def release(self, uid: str) -> None:
        """It holds no slot and waits for none."""
        self._metrics.waits_for_room(uid, {})
        self._slots.release(uid)

    async def _say_what_it_holds(self, run: OwnObject) -> None:
        uid = run.metadata.uid
        try:
            evaluated = evaluate(await self._snapshot(View(run)), self._wall())
        except (ValidationError, ApiError):
            return  # said in its own status when it is decided about
        except Exception:
            # One bad object must never stop the others.
            log.exception("%s/%s: its slots are not known", *run.name)
            return
        self._slots.request(key_of(run), uid, evaluated.slot_requests)

    async def _snapshot(self, view: View[PipelineJobStatus]) -> Snapshot:
        known = view.object
        meta = known.metadata
        checked = self._decoded.spec(known)
        status = view.unwritten
        if status is None:
            status = self._decoded.status(known)
            self._ended.note(meta.uid, status.stages)
        run = run_of(known, checked.spec, status)
        named = self._pipeline(known) if not status.stages else None
        return Snapshot(
            run=run,
            settings=self._settings,
            pipeline=pipeline_of(named) if named is not None else None,
            resolved=await self._revisions.resolve(run, checked.inline),
            jobs=self._cache.indexed(STAGE_JOBS, meta.namespace, BY_OWNER, meta.uid),
            pods=self._cache.indexed(STAGE_PODS, meta.namespace, BY_OWNER, meta.uid),
            nodes=self._slots.nodes,
            slots=self._slots.count,
            interventions=view.interventions,
            lookups=view.answers,
            refusals=view.refusals,
        )

    def _pipeline(self, known: OwnObject) -> OwnObject | None:
        name = RUNS.indexes[_PIPELINE_NAME](known)
        if name is None:
            return None
        pipelines = self._cache.indexed(
            objects_of(PIPELINE), known.metadata.namespace, BY_NAME, name
        )
        return pipelines[-1] if pipelines else None
