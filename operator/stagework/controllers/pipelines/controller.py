"""The controller of Pipelines: writes what people see of them."""

from collections.abc import Callable
from datetime import datetime

from pydantic import ValidationError

from stagework.api import names
from stagework.api.kinds import PIPELINE
from stagework.api.machines import Fleet
from stagework.api.pipeline import Pipeline, PipelineSpec, PipelineStatus
from stagework.cluster.cache.own_objects import OwnObject
from stagework.controllers.controller import Controller, Trigger, View
from stagework.controllers.decoded import Decoded
from stagework.controllers.decoding import pipeline_of, understood
from stagework.controllers.pipelines.live_runs import RUNS, LiveRuns
from stagework.plans.pipeline.plan import Use, judged, not_readable
from stagework.plans.plan import Plan

PipelinePlan = Plan[PipelineStatus]


class Pipelines(Controller[PipelineStatus]):
    """Pipelines."""

    kind = PIPELINE

    def __init__(self, fleet: Fleet, wall_clock: Callable[[], datetime]) -> None:
        self._fleet = fleet
        self._wall_clock = wall_clock
        self._runs = LiveRuns()
        self._decoded: Decoded[Pipeline, PipelineStatus] = Decoded(pipeline_of, _status_of)
        self._written: dict[str, datetime] = {}

    def triggers(self) -> tuple[Trigger[OwnObject]]:
        """Runs that name one, and end."""
        return (Trigger(RUNS, self._runs.changed),)

    def decide(self, view: View[PipelineStatus], now: datetime) -> PipelinePlan:
        """Raises Unreadable."""
        known = view.object
        with understood("spec."):
            pipeline = self._decoded.spec(known)
        before = view.unwritten or self._decoded.status(known)
        return judged(pipeline, before, self._use(known), self._fleet, now)

    def unreadable(self, known: OwnObject, fault: str, now: datetime) -> PipelinePlan:
        """No run can use it."""
        return self._not_readable(known, names.INVALID_SPEC, fault, now)

    def not_understood(self, known: OwnObject, fault: str, now: datetime) -> PipelinePlan:
        """Runs of it wait for an operator that knows it."""
        text = f"{fault}; this operator's version does not know it: upgrade the operator"
        return self._not_readable(known, names.NOT_UNDERSTOOD, text, now)

    def stored(self, known: OwnObject, status: PipelineStatus) -> None:
        """Known already; the next number of runs may wait from now on."""
        self._decoded.stored(known, status)
        self._written[known.metadata.uid] = self._wall_clock()

    def after_last_decision(self) -> None:
        """Whoever leads next writes when he likes."""
        self._written.clear()

    def forget(self, uid: str) -> None:
        """It is gone."""
        self._decoded.drop(uid)
        self._written.pop(uid, None)

    def _not_readable(
        self, known: OwnObject, reason: str, text: str, now: datetime
    ) -> PipelinePlan:
        pipeline = Pipeline.model_construct(
            metadata=known.checked_metadata(), spec=PipelineSpec.model_construct()
        )
        before = self._decoded.status(known)
        return not_readable(pipeline, before, self._use(known), (reason, text), now)

    def _use(self, known: OwnObject) -> Use:
        return Use(self._runs.count(known.name), self._written.get(known.metadata.uid))


def _status_of(known: OwnObject) -> PipelineStatus:
    """What somebody has broken by hand is written anew: nothing depends on it."""
    try:
        return PipelineStatus.model_validate_json(bytes(known.status))
    except ValidationError:
        return PipelineStatus()
