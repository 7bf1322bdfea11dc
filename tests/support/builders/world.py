"""A snapshot with one run in it: what differs from the quiet default is said by keyword."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from stagework.api import names
from stagework.api.intervention import Intervention
from stagework.api.machines import Fleet
from stagework.api.observed import EPOCH, JobView, NodeView, PodView
from stagework.api.pipeline import Param, Pipeline
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus
from stagework.api.stage_status import StageStatus
from stagework.api.stages import Stage
from stagework.children.pod_defaults import FilesDefaults, PodDefaults
from stagework.plans.made import Made, MadeChildren
from stagework.plans.pipelinejob.plan import Evaluated, evaluate, finish
from stagework.plans.pipelinejob.snapshot import (
    CauseQuestion,
    CauseRead,
    HeartbeatQuestion,
    HeartbeatRead,
    LogAnswer,
    LogQuestion,
    Lookup,
    PlanSettings,
    PodQuestion,
    PodRead,
    Resolved,
    ResultQuestion,
    RunPlan,
    Snapshot,
    WakeAnswer,
    WakeQuestion,
)
from stagework.plans.pipelinejob.stage_view import pod_question
from stagework.plans.plan import ActionKey, Purpose, Refusal
from stagework.policies.placement import slots_of
from stagework.policies.slots.ledger import SlotLedger
from stagework.policies.slots.request import Moment, SlotRequest
from stagework.policies.slots.turn import Turn
from tests.support.builders.fleet import make_fleet, make_node
from tests.support.builders.runs import T0, make_run, make_stage

POD_DEFAULTS = PodDefaults(
    api_url="http://stagework-api.stagework-system.svc:8080",
    audience="stagework",
    run_as_user=10001,
    cpu_request="50m",
    memory_request="64Mi",
    work_size_limit="8Gi",
    image_pull_policy="IfNotPresent",
    termination_grace_period_seconds=30,
    files=FilesDefaults(
        image="stagework/operator:0.2.0",
        image_pull_policy="IfNotPresent",
        resources={"requests": {"memory": "48Mi"}, "limits": {"memory": "128Mi"}},
        grace_seconds=300,
    ),
)


@dataclass(frozen=True)
class World:
    """Everything around one run; `snapshot()` freezes it."""

    stages: Sequence[Stage] = field(default_factory=lambda: [make_stage()])
    states: Sequence[StageStatus] = ()
    """Stored statuses of stages; none: not accepted yet."""
    run: PipelineJob | None = None
    """Replaces the run made from `stages` and `states`."""
    status: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Further fields of the run's status."""
    spec: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Further fields of the run's spec."""
    params: Sequence[Param] | None = None
    pipeline: Pipeline | None = None
    jobs: Sequence[JobView] = ()
    pods: Sequence[PodView] = ()
    nodes: Sequence[NodeView] = field(
        default_factory=lambda: [
            make_node("gpu-0", "gpu"),
            make_node("macmini-0", "macmini"),
            make_node("macbook-0", "macbook"),
        ]
    )
    fleet: Fleet = field(default_factory=make_fleet)
    interventions: Sequence[Intervention] = ()
    lookups: Mapping[ResultQuestion, Lookup] = field(default_factory=dict[ResultQuestion, Lookup])
    reads: Mapping[PodQuestion, PodRead] | None = None
    """What the API server has said of recorded Pods that are not among `pods`; None: gone, all."""
    heard: Mapping[HeartbeatQuestion, HeartbeatRead] = field(
        default_factory=dict[HeartbeatQuestion, HeartbeatRead]
    )
    orphan_timeout_seconds: int = 1800
    causes: Mapping[CauseQuestion, CauseRead] = field(
        default_factory=dict[CauseQuestion, CauseRead]
    )
    wakes: Mapping[WakeQuestion, WakeAnswer] = field(default_factory=dict[WakeQuestion, WakeAnswer])
    shortage: str = ""
    logs: Mapping[LogQuestion, LogAnswer] | None = None
    """What the API service has said of logs; None: none are kept."""
    remembered: bool = True
    looking_since: datetime = EPOCH
    ready_since: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    refusals: Mapping[ActionKey, Refusal] = field(default_factory=dict[ActionKey, Refusal])
    made: Made | None = None
    """What our own creates were answered; None: all of `jobs` are ours."""
    look_ahead: int = 2
    keep_jobs_seconds: int = 3600
    start_grace_seconds: int = 30

    def but(self, **changes: Any) -> "World":
        """The same world with something else in it."""
        return replace(self, **changes)

    def the_run(self) -> PipelineJob:
        """The run with its stored status."""
        if self.run is not None:
            return self.run
        status = PipelineJobStatus.model_validate(
            {
                "observedGeneration": 1 if self.states else -1,
                **self.status,
                "stages": [stage.model_dump() for stage in self.states],
            }
        )
        return make_run(*self.stages, status=status, **self.spec)

    def evaluated(self, now: datetime = T0) -> Evaluated:
        """The first half of a decision."""
        return evaluate(self.snapshot(), now)

    def plan(self, now: datetime = T0, *, others: Sequence[SlotRequest] = ()) -> RunPlan:
        """What is decided about it; `others` want or hold slots too, each for a run of its own."""
        evaluated = self.evaluated(now)
        snapshot, ledger, at = evaluated.snapshot, SlotLedger(), Moment(now, 0.0)
        for request in others:
            ledger.request(request.order.uid, [request], at)
        uid = snapshot.run.metadata.uid
        ledger.request(uid, evaluated.slot_requests, at)
        ledger.set_slots(snapshot.slots, at)

        def ask(wanted: Sequence[SlotRequest]) -> dict[str, Turn]:
            ledger.request(uid, wanted, at)
            return ledger.turns(uid)

        return finish(evaluated, evaluated.turns(ask), now)

    def stages_after(
        self, now: datetime = T0, *, others: Sequence[SlotRequest] = ()
    ) -> dict[str, StageStatus]:
        """Statuses of the stages as the plan leaves them."""
        status = self.plan(now, others=others).status or self.the_run().status
        return {stage.name: stage for stage in status.stages}

    def snapshot(self) -> Snapshot:
        """As a decision sees it."""
        run = self.the_run()
        accepted = bool(run.status.stages)
        params = list(self.params) if self.params is not None else None
        nodes = {node.metadata.name: node for node in self.nodes}
        return Snapshot(
            run=run,
            settings=PlanSettings(
                self.fleet,
                POD_DEFAULTS,
                self.look_ahead,
                self.keep_jobs_seconds,
                self.start_grace_seconds,
                self.orphan_timeout_seconds,
                keep_logs=self.logs is not None,
            ),
            pipeline=self.pipeline,
            resolved=Resolved(list(self.stages), params) if accepted else None,
            jobs=tuple(self.jobs),
            pods=tuple(self.pods),
            nodes=nodes,
            slots=slots_of(self.fleet, nodes),
            interventions=tuple(self.interventions),
            lookups=dict(self.lookups),
            reads=self._reads(run.status) if self.reads is None else dict(self.reads),
            heard=dict(self.heard),
            causes=dict(self.causes),
            wakes=dict(self.wakes),
            shortage=self.shortage,
            logs=dict(self.logs or {}),
            remembered=self.remembered,
            looking_since=self.looking_since,
            ready_since=dict(self.ready_since),
            refusals=dict(self.refusals),
            made=made_of(self.jobs) if self.made is None else self.made,
        )

    def _reads(self, status: PipelineJobStatus) -> dict[PodQuestion, PodRead]:
        """Every recorded Pod that is not there was asked about, and is gone."""
        there = {pod.metadata.uid for pod in self.pods}
        gone = [stage for stage in status.stages if stage.pod and stage.pod not in there]
        jobs = {job.metadata.uid for job in self.jobs}
        questions = [pod_question(stage) for stage in gone]
        for stage in gone:
            counters = {stage.jobUid, *jobs}
            questions += [PodQuestion(stage.pod, counted_by=uid) for uid in counters]
        return dict.fromkeys(questions, PodRead(None, T0))


def made_of(jobs: Iterable[JobView]) -> Made:
    """As if the operator had just made these."""
    known = MadeChildren()
    for job in jobs:
        labels, meta = job.metadata.labels, job.metadata
        purpose = Purpose(labels[names.LABEL_STAGE], int(labels[names.LABEL_ATTEMPT]))
        known.note(meta.name, purpose, meta.uid)
    return known.view()
