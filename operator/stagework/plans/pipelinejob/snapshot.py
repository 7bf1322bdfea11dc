"""Everything a decision about one run may use, read at one moment and frozen; and what it gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from stagework.api.intervention import Intervention
from stagework.api.machines import Fleet
from stagework.api.observed import JobView, NodeView, PodView
from stagework.api.pipeline import Param, Pipeline, effective_dependencies
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus
from stagework.api.stages import Stage
from stagework.children.pod_defaults import PodDefaults
from stagework.plans.plan import Plan, Purpose, Question, Refusal

RunPlan = Plan[PipelineJobStatus]
"""What is to be done about a run."""


@dataclass(frozen=True)
class Resolved:
    """The stages that a run uses for good: from its ControllerRevision, or inline."""

    stages: list[Stage]
    params: list[Param] | None
    """Declared params; None for inline stages, which take any."""

    @cached_property
    def dependencies(self) -> dict[str, tuple[str, ...]]:
        """Stage name to the stages that it waits for."""
        return effective_dependencies(self.stages)


@dataclass(frozen=True)
class FoundResult:
    """A `result.json` that a vanished Pod had stored before it wrote its mark."""

    pod: str
    digest: str
    outcome: str
    reason: str = ""
    message: str = ""
    items: int | None = None
    failed_items: int | None = None


@dataclass(frozen=True)
class ResultQuestion(Question):
    """Asked of the artifact store: has this attempt of a stage left a result?"""

    stage: str
    attempt: int
    recreations: int = 0
    """An answer about an earlier Job of the attempt says nothing about a later one."""
    last: bool = False
    """Asked again before the attempt is given up: it may have stored its result meanwhile."""


@dataclass(frozen=True)
class Lookup:
    """Answer of the artifact store for one attempt; `result` is None where it left nothing."""

    result: FoundResult | None


@dataclass(frozen=True)
class PlanSettings:
    """The settings that decisions use; they stay live, unlike the stages."""

    fleet: Fleet
    pod_defaults: PodDefaults
    look_ahead: int
    keep_jobs_seconds: int


@dataclass(frozen=True)
class Snapshot:
    """One run and all that belongs to it."""

    run: PipelineJob
    settings: PlanSettings
    pipeline: Pipeline | None = None
    """The Pipeline that `pipelineRef` names; read only before the run is accepted."""
    resolved: Resolved | None = None
    """The accepted stages; None before the run is accepted."""
    jobs: tuple[JobView, ...] = ()
    pods: tuple[PodView, ...] = ()
    nodes: Mapping[str, NodeView] = field(default_factory=dict[str, NodeView])
    slots: Mapping[str, int] = field(default_factory=dict[str, int])
    interventions: tuple[Intervention, ...] = ()
    """All of this run, oldest first."""
    lookups: Mapping[ResultQuestion, Lookup] = field(default_factory=dict[ResultQuestion, Lookup])
    """What the artifact store has answered so far."""
    refusals: Mapping[Purpose, Refusal] = field(default_factory=dict[Purpose, Refusal])
    """By stage and attempt: what the API server has refused lately."""
