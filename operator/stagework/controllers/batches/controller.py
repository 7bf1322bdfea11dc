"""The controller of Batches: gathers what is known of one and its runs, and asks for the rest."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from stagework.api.batch import Batch, BatchSpec, BatchStatus
from stagework.api.kinds import BATCH, PIPELINE
from stagework.api.machines import Fleet
from stagework.api.packed_chunk import unpack
from stagework.api.pipeline import Pipeline
from stagework.api.resources import ObjectRef
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.cache.selections import BY_NAME, BY_OWNER, STAGE_PODS, objects_of
from stagework.cluster.cache.store import Change
from stagework.controllers.batches.answers import BatchAnswers
from stagework.controllers.batches.children import ChildRuns
from stagework.controllers.batches.metrics import BatchMetrics
from stagework.controllers.child_runs import of_its_runs, runs_of
from stagework.controllers.controller import Controller, Key, Trigger, View
from stagework.controllers.decoded import Decoded
from stagework.controllers.decoding import pipeline_of, understood
from stagework.plans.batch.plan import plan
from stagework.plans.batch.refusing import not_understood, undecidable, unreadable
from stagework.plans.batch.snapshot import BatchPlan, BatchSnapshot
from stagework.plans.plan import Fact, Question
from stagework.service_client.results import LookupFailed

BATCHES = objects_of(BATCH)
"""All batches in the cache."""
(_PIPELINE_NAME,) = BATCH.references


class Batches(Controller[BatchStatus]):
    """Many items through one pipeline."""

    kind = BATCH
    reads = (STAGE_PODS,)

    def __init__(
        self,
        cache: Cache,
        answers: BatchAnswers,
        fleet: Fleet,
        *,
        remembered: Callable[[str], bool],
        remember: Callable[[Iterable[Fact]], None],
        registry: CollectorRegistry,
    ) -> None:
        """`remembered`: whether history has acknowledged all of a run, or of a batch; `remember`:
        have it told.
        """
        self._cache = cache
        self._answers = answers
        self._fleet = fleet
        self._remembered = remembered
        self._remember = remember
        self._metrics = BatchMetrics(registry)
        self._children = ChildRuns()
        self._decoded: Decoded[BatchSpec, BatchStatus] = Decoded(_spec_of, _status_of)

    def triggers(self) -> Iterable[Trigger[Any]]:
        """Its runs, as they end or go; and its Pipeline, as it comes."""
        return (of_its_runs(BATCH), Trigger(objects_of(PIPELINE), self._of_pipeline))

    def decide(self, view: View[BatchStatus], now: datetime) -> BatchPlan:
        """Raises Unreadable."""
        known = view.object
        with understood("spec."):
            spec = self._decoded.spec(known)
        with understood("status."):
            status = view.unwritten or self._decoded.status(known)
        batch = Batch.model_construct(metadata=known.checked_metadata(), spec=spec, status=status)
        meta = known.metadata
        own = runs_of(self._cache, BATCH.ref(meta.namespace, meta.name, meta.uid))
        children = {run.metadata.uid: self._children.of(run) for run in own}
        ended = (child.uid for child in children.values() if child.ended)
        own_uids = (meta.uid, *ended)
        snapshot = BatchSnapshot(
            batch,
            self._fleet,
            pipeline=self._pipeline(known),
            children=children,
            outliving=self._outliving(view, children),
            remembered=frozenset(uid for uid in own_uids if self._remembered(uid)),
            interventions=view.interventions,
            answers=view.answers,
            refusals=view.refusals,
            made=view.made,
        )
        return plan(snapshot, now)

    def unreadable(self, known: OwnObject, fault: str, now: datetime) -> BatchPlan | None:
        """Refuse it for good, once, unless it has begun."""
        return self._judged(known, fault, now, unreadable)

    def not_understood(self, known: OwnObject, fault: str, now: datetime) -> BatchPlan | None:
        """Say so, once; nothing of it is touched."""
        return self._judged(known, fault, now, not_understood)

    def undecidable(self, known: OwnObject, fault: str, now: datetime) -> BatchPlan | None:
        """Say so, once."""
        return self._judged(known, fault, now, undecidable)

    async def answer(self, about: ObjectRef, question: Question) -> Any:
        """Ask whoever knows."""
        known = self._cache.get(BATCHES, about.namespace, about.uid)
        if known is None:
            raise LookupFailed("the batch has gone")
        spec = self._decoded.spec(known)
        batch = Batch.model_construct(metadata=known.checked_metadata(), spec=spec)
        return await self._answers.answer(about, batch, question)

    def record(self, facts: Sequence[Fact]) -> None:
        """Count what has happened, and have history told."""
        self._metrics.record(facts)
        self._remember(facts)

    def stored(self, known: OwnObject, status: BatchStatus) -> None:
        """Known already: it need not be decoded again."""
        self._decoded.stored(known, status)

    def forget(self, uid: str) -> None:
        """What was decoded of it."""
        self._decoded.drop(uid)

    def _of_pipeline(self, change: Change[OwnObject]) -> Iterable[Key]:
        # Its status says nothing to a batch; its spec may be what a batch waits for.
        if change.old is not None and change.new is not None:
            generations = {change.old.metadata.generation, change.new.metadata.generation}
            if len(generations) == 1:
                return ()
        namespace, name = change.object.name
        batches = self._cache.indexed(BATCHES, namespace, _PIPELINE_NAME, (namespace, name))
        return [Key(BATCH.kind, *batch.name) for batch in batches]

    def _pipeline(self, known: OwnObject) -> Pipeline | None:
        spec = self._decoded.spec(known)
        name = (known.metadata.namespace, spec.pipelineRef.name)
        found = self._cache.indexed(objects_of(PIPELINE), name[0], BY_NAME, name)
        try:
            return pipeline_of(found[0]) if found else None
        except ValidationError:
            return None  # it says itself what is wrong with it

    def _outliving(self, view: View[BatchStatus], children: Iterable[str]) -> frozenset[str]:
        """Runs that we have made, that are gone, and of which Pods have not ended."""
        namespace = view.object.metadata.namespace
        status = view.unwritten or self._decoded.status(view.object)
        chunks = (unpack(line) for line in status.open)
        recorded = {chunk.uid for chunk in chunks if chunk is not None and chunk.uid}
        made = {child.uid for child in view.made.children.values()}
        gone = (recorded | made) - {*children}
        return frozenset(
            uid
            for uid in gone
            if any(
                not pod.finished
                for pod in self._cache.indexed(STAGE_PODS, namespace, BY_OWNER, uid)
            )
        )

    def _judged(
        self,
        known: OwnObject,
        fault: str,
        now: datetime,
        judge: Callable[[Batch, str, datetime], BatchPlan],
    ) -> BatchPlan | None:
        try:
            status = _status_of(known)
        except ValidationError:
            return None
        batch = Batch.model_construct(
            metadata=known.checked_metadata(), spec=BatchSpec.model_construct(), status=status
        )
        return judge(batch, fault, now)


def _spec_of(known: OwnObject) -> BatchSpec:
    return BatchSpec.model_validate_json(bytes(known.spec))


def _status_of(known: OwnObject) -> BatchStatus:
    return BatchStatus.model_validate_json(bytes(known.status))
