"""Everything a decision about one run may use, read at one moment and frozen; and what it gives."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from stagework.api.intervention import Intervention
from stagework.api.machines import Fleet
from stagework.api.observed import EPOCH, JobView, NodeView, PodView
from stagework.api.pipeline import Param, Pipeline, PipelineSpec, effective_dependencies
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus
from stagework.api.stages import RunsIf, Stage
from stagework.children.pod_defaults import PodDefaults
from stagework.plans.made import NOTHING_MADE, Made
from stagework.plans.plan import ActionKey, Plan, Question, Refusal
from stagework.policies.parallelism import limit_of

RunPlan = Plan[PipelineJobStatus]
"""What is to be done about a run."""


@dataclass(frozen=True)
class Resolved:
    """The stages that a run uses for good: from its ControllerRevision, or inline."""

    stages: list[Stage]
    params: list[Param] | None
    """Declared params; None for inline stages, which take any."""
    parallelism: int | None = None
    """As the Pipeline has it; None for inline stages, whose run has it."""
    pull_secrets: tuple[str, ...] = ()
    """Secrets with which images are pulled, as the Pipeline names them."""

    @cached_property
    def dependencies(self) -> dict[str, tuple[str, ...]]:
        """Stage name to the stages that it waits for."""
        return effective_dependencies(self.stages)

    @cached_property
    def by_name(self) -> dict[str, Stage]:
        """The stages by name."""
        return {stage.name: stage for stage in self.stages}

    @cached_property
    def runs_if(self) -> dict[str, RunsIf]:
        """`runsIf` of the stages for which it is not `Succeeded`."""
        return {stage.name: stage.runsIf for stage in self.stages if stage.runsIf != "Succeeded"}

    @cached_property
    def to_approve(self) -> frozenset[str]:
        """Stages that somebody must approve."""
        return frozenset(stage.name for stage in self.stages if stage.approval)


def resolved_of(spec: PipelineSpec) -> Resolved:
    """What a run uses of a Pipeline's content."""
    secrets = tuple(secret.name for secret in spec.imagePullSecrets)
    return Resolved(spec.stages, spec.params, spec.parallelism, secrets)


@dataclass(frozen=True)
class ForgedRevision:
    """What stands under the name of a run's revision is not what the name, a digest, says."""


@dataclass(frozen=True)
class FoundResult:
    """A `result.json` that a vanished Pod had stored before it wrote its mark."""

    pod: str
    digest: str
    outcome: str
    reason: str = ""
    message: str = ""
    items: object = None
    """A count, if the stage has written one."""
    failed_items: object = None
    """Likewise."""
    exit_code: object = None
    """Of a stage with `contract: Files`: what its kubelet has reported; without it the rest proves
    nothing."""
    odd_counts: object = None
    """What it has written in place of counts, where that is no object."""
    skips: object = None
    """Stages that it says are not needed, if it has written any."""


@dataclass(frozen=True)
class ResultQuestion(Question):
    """Asked of the artifact store: has this attempt of a stage left a result?"""

    stage: str
    attempt: int
    of: str = ""
    """Uid of the recorded Pod, or of the Job while none is recorded: an answer about an earlier
    one of the attempt says nothing about a later one."""
    last: bool = False
    """Asked again before the attempt is given up: it may have stored its result meanwhile."""


@dataclass(frozen=True)
class Lookup:
    """Answer of the artifact store for one attempt; `result` is None where it left nothing."""

    result: FoundResult | None
    others: tuple[FoundResult, ...] = ()
    """Of further Pods of the attempt; only that of the recorded Pod counts."""

    def of_pod(self, uid: str) -> FoundResult | None:
        """What that Pod has left; any of them where `uid` is empty."""
        if self.result is None:
            return None
        return next((r for r in (self.result, *self.others) if uid in {"", r.pod}), None)


@dataclass(frozen=True)
class PodQuestion(Question):
    """Asked of the API server: is a Pod that our watch does not show there all the same?

    A watch that selects by a label reports what loses the label as if it were gone.
    """

    uid: str
    node: str = ""
    """Where it runs, so that it is looked for there alone; empty: anywhere in the namespace."""
    counted_by: str = ""
    """Uid of its Job, which has been counted as done: asked is also whether that has made another
    Pod, with or without our labels."""


@dataclass(frozen=True)
class PodRead:
    """Answer of the API server about one Pod."""

    pod: PodView | None
    """None: it is gone, and no uid comes twice."""
    at: datetime
    """When the API server was asked."""
    replaced: bool = False
    """Its Job has another Pod: what that has counted need not be the one that was asked about."""


@dataclass(frozen=True)
class HeartbeatQuestion(Question):
    """Asked of the API service: when was this Pod heard of last?"""

    pod: str
    """Its uid."""


@dataclass(frozen=True)
class HeartbeatRead:
    """Answer of the API service, by our own clock."""

    at: datetime
    """When it was asked."""
    listening_since: datetime
    """Since when it listens without a break."""
    heard_at: datetime | None
    """When the last heartbeat came; None: it knows of none."""


@dataclass(frozen=True)
class WakeQuestion(Question):
    """Asked of a class's wake hook, which is to wake its machines."""

    machine: str
    """Key of the class."""
    since: datetime
    """Since when what asks is deferred."""


@dataclass(frozen=True)
class WakeAnswer:
    """What was answered, by our own clock."""

    at: datetime
    """When it was asked; before the question, where that was for another stage."""
    said: str


@dataclass(frozen=True)
class CauseQuestion(Question):
    """Asked of the API server: of what do Events warn, about a Job or Pod that gets nowhere?

    Some causes stand nowhere else: why no Pod is made for a Job, why no volume is mounted.
    """

    uid: str


@dataclass(frozen=True)
class CauseRead:
    """Answer of the API server: its newest word about that object, where it is a warning."""

    reason: str
    """Kubernetes' own, such as `FailedMount`; empty: it warns of nothing now."""
    message: str
    """The cause first."""
    at: datetime
    """When the API server was asked."""


@dataclass(frozen=True)
class LogQuestion(Question):
    """Asked of the API service: keep the log of this attempt's container, and say how it ends.

    Whoever answers it does so within a bounded time, also where there is nothing to be had.
    """

    stage: str
    attempt: int
    pod: str
    """Uid of its Pod."""
    pod_name: str
    container: str


@dataclass(frozen=True)
class LogAnswer:
    """What is known of an attempt's log."""

    last_line: str = ""
    """Cleaned and cut; empty where it has written nothing."""
    fault: str = ""
    """Why it is not kept; empty where it is, or where there was none to keep."""


@dataclass(frozen=True)
class PlanSettings:
    """The settings that decisions use; they stay live, unlike the stages."""

    fleet: Fleet
    pod_defaults: PodDefaults
    look_ahead: int
    keep_jobs_seconds: int
    start_grace_seconds: int = 30
    """How long a stage that cannot start keeps its slot, from its turn."""

    orphan_timeout_seconds: int = 1800
    """How long nothing may prove whether a process lives, for stages that say no other."""
    keep_logs: bool = False
    """Logs of attempts that fail are kept before their Pods go."""

    def within(self, given: Collection[str]) -> "PlanSettings":
        """In a namespace that gives these resources to Pods that ask for none."""
        return replace(self, pod_defaults=self.pod_defaults.within(given)) if given else self

    @property
    def stop_seconds(self) -> int:
        """How long a stage that is stopped has from SIGTERM to SIGKILL."""
        return self.pod_defaults.termination_grace_period_seconds

    @property
    def start_grace(self) -> timedelta:
        """The same as a span of time."""
        return timedelta(seconds=self.start_grace_seconds)


@dataclass(frozen=True)
class Snapshot:
    """One run and all that belongs to it."""

    run: PipelineJob
    settings: PlanSettings
    pipeline: Pipeline | None = None
    """The Pipeline that `pipelineRef` names; read only before the run is accepted."""
    resolved: Resolved | None = None
    """The accepted stages; None before the run is accepted."""
    revision_forged: bool = False
    """Somebody else's stages stand where the accepted ones should be."""
    jobs: tuple[JobView, ...] = ()
    pods: tuple[PodView, ...] = ()
    nodes: Mapping[str, NodeView] = field(default_factory=dict[str, NodeView])
    slots: Mapping[str, int] = field(default_factory=dict[str, int])
    interventions: tuple[Intervention, ...] = ()
    """All of this run, oldest first."""
    lookups: Mapping[ResultQuestion, Lookup] = field(default_factory=dict[ResultQuestion, Lookup])
    """What the artifact store has answered so far."""
    reads: Mapping[PodQuestion, PodRead] = field(default_factory=dict[PodQuestion, PodRead])
    """What the API server has answered about Pods that our watch does not show."""
    heard: Mapping[HeartbeatQuestion, HeartbeatRead] = field(
        default_factory=dict[HeartbeatQuestion, HeartbeatRead]
    )
    """When Pods on lost nodes were heard of last."""
    causes: Mapping[CauseQuestion, CauseRead] = field(
        default_factory=dict[CauseQuestion, CauseRead]
    )
    """Of what Events have warned so far."""
    wakes: Mapping[WakeQuestion, WakeAnswer] = field(default_factory=dict[WakeQuestion, WakeAnswer])
    """What wake hooks have answered."""
    shortage: str = ""
    """The quota that has lately refused a stage whose turn had come, of any run of the namespace:
    the API server's sentence; empty: none has."""
    logs: Mapping[LogQuestion, LogAnswer] = field(default_factory=dict[LogQuestion, LogAnswer])
    """What the API service has said of the logs of attempts that failed."""
    remembered: bool = True
    """History has acknowledged everything that was to be kept of it so far."""
    looking_since: datetime = EPOCH
    """Since when this process has been watching and deciding: it leads."""
    ready_since: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    """Node to since when it is ready without a break, as we have seen it, by our own clock."""
    refusals: Mapping[ActionKey, Refusal] = field(default_factory=dict[ActionKey, Refusal])
    """Actions that the API server has refused and not done since."""
    made: Made = NOTHING_MADE
    """Which Jobs the answers to our own creates have told of in this process."""

    @property
    def parallelism(self) -> int | None:
        """How many stages of the run may be at work at once; None: any number."""
        of_pipeline = self.resolved.parallelism if self.resolved is not None else None
        return limit_of(self.run.spec.parallelism, of_pipeline)

    @property
    def pull_secrets(self) -> tuple[str, ...]:
        """Secrets with which its images are pulled: the Pipeline's, or of a run's own stages."""
        if self.resolved is None or self.resolved.params is not None:
            return self.resolved.pull_secrets if self.resolved is not None else ()
        return tuple(secret.name for secret in self.run.spec.imagePullSecrets)
