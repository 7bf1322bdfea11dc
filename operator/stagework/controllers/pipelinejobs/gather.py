"""Gathers what a decision about a run reads: decoded once, and the rest from the cache."""

from collections.abc import Callable, Mapping
from datetime import datetime

from stagework.api.kinds import PIPELINE, PIPELINEJOB
from stagework.api.observed import EPOCH
from stagework.api.pipeline import Pipeline
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.cache.selections import (
    BY_NAME,
    BY_OWNER,
    STAGE_JOBS,
    STAGE_PODS,
    objects_of,
)
from stagework.controllers.controller import Unreadable, View
from stagework.controllers.decoded import Decoded
from stagework.controllers.decoding import pipeline_of, understood
from stagework.controllers.pipelinejobs.decoding import (
    RunSpec,
    RunSpecs,
    decode_status,
    run_of,
)
from stagework.controllers.pipelinejobs.ended_attempts import EndedAttempts
from stagework.controllers.pipelinejobs.limit_ranges import LimitRanges
from stagework.controllers.pipelinejobs.shortages import Shortages
from stagework.controllers.pipelinejobs.slots import Slots
from stagework.controllers.pipelinejobs.triggers import RUNS
from stagework.plans.pipelinejob.snapshot import ForgedRevision, PlanSettings, Snapshot

(_PIPELINE_NAME,) = PIPELINEJOB.references


class Gatherer:
    """Snapshots of runs."""

    def __init__(
        self,
        cache: Cache,
        slots: Slots,
        settings: PlanSettings,
        shortages: Shortages,
        limit_ranges: LimitRanges,
    ) -> None:
        self._cache = cache
        self._slots = slots
        self._settings = settings
        self._shortages = shortages
        self._limit_ranges = limit_ranges
        self._decoded: Decoded[RunSpec, PipelineJobStatus] = Decoded(
            RunSpecs().decode, decode_status
        )
        self.ended = EndedAttempts()
        """Attempts that are over, as far as it is stored."""
        self.looking_since = EPOCH
        """Since when this process leads."""
        self.remembered: Callable[[str], bool] = lambda _uid: True
        """Whether history has acknowledged all of a run."""
        self.ready_since: Mapping[str, datetime] = {}
        """Nodes that are ready, and since when."""

    def stored(self, known: OwnObject, status: PipelineJobStatus) -> None:
        """Our own write was answered with this: it need not be decoded again."""
        self._decoded.stored(known, status)
        self.ended.note(known.metadata.uid, status.stages)

    def forget(self, uid: str) -> None:
        """The run has left memory."""
        self._decoded.drop(uid)
        self.ended.forget(uid)

    def snapshot(self, view: View[PipelineJobStatus]) -> Snapshot:
        """Everything that a decision about the run may look at; raises Unreadable."""
        known = view.object
        meta = known.metadata
        checked, status = self.spec(known), view.unwritten or self._status(known)
        inline = checked.inline if status.stages else None
        prepared = None if isinstance(view.prepared, ForgedRevision) else view.prepared
        resolved = prepared if checked.inline is None else inline
        return Snapshot(
            run=run_of(known, checked.spec, status),
            settings=self._settings.within(self._limit_ranges.of(meta.namespace)),
            pipeline=self._pipeline(known, status) if resolved is None else None,
            resolved=resolved,
            revision_forged=isinstance(view.prepared, ForgedRevision),
            jobs=self._cache.indexed(STAGE_JOBS, meta.namespace, BY_OWNER, meta.uid),
            pods=self._cache.indexed(STAGE_PODS, meta.namespace, BY_OWNER, meta.uid),
            nodes=self._slots.nodes,
            slots=self._slots.count,
            interventions=view.interventions,
            lookups=view.answers,
            reads=view.answers,
            heard=view.answers,
            causes=view.answers,
            wakes=view.answers,
            shortage=self._shortages.of(meta.namespace),
            logs=view.answers,
            remembered=self.remembered(meta.uid),
            looking_since=self.looking_since,
            ready_since=self.ready_since,
            refusals=view.refusals,
            made=view.made,
        )

    def spec(self, known: OwnObject) -> RunSpec:
        """What a person wrote; raises Unreadable."""
        with understood("spec."):
            return self._decoded.spec(known)

    def _status(self, known: OwnObject) -> PipelineJobStatus:
        with understood("status."):
            status = self._decoded.status(known)
        self.ended.note(known.metadata.uid, status.stages)
        return status

    def _pipeline(self, known: OwnObject, status: PipelineJobStatus) -> Pipeline | None:
        if status.begun:
            return None
        name = RUNS.indexes[_PIPELINE_NAME](known)
        if name is None:
            return None
        found = self._cache.indexed(objects_of(PIPELINE), known.metadata.namespace, BY_NAME, name)
        if not found:
            return None
        try:
            with understood(f"Pipeline {found[-1].metadata.name}: spec."):
                return pipeline_of(found[-1])
        except Unreadable:
            if status.stages:
                return None  # it was accepted by what the Pipeline was then
            raise
