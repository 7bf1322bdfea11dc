"""What a decision asks for: actions, the status as it shall be, events, and when to look again."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from stagework.api.intervention import InterventionStatus
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.plans.snapshot import Question

Recovery = Literal["StoredResult", "JobCondition", "NewAttempt"]
"""How a stage was recovered whose process had gone, or was ended from outside: by the result it had
stored, by what the Job controller had counted, or by trying again."""


@dataclass(frozen=True)
class CreateRevision:
    """Keep the run's stages; existing already is fine: the name is the content's digest."""

    name: str
    manifest: dict[str, Any]


@dataclass(frozen=True)
class CreateJob:
    """Make a stage's Job, its Pod held; existing already with our uid is fine."""

    stage: str
    attempt: int
    name: str
    manifest: dict[str, Any]


@dataclass(frozen=True)
class LiftGate:
    """Let the scheduler have the Pod: on this class, with these inputs."""

    stage: str
    pod: str
    pod_uid: str
    resource_version: str
    machine: str
    node_selector: dict[str, str]
    inputs: str


@dataclass(frozen=True)
class DeletePod:
    """End a Pod for a reason that is recorded already."""

    pod: str
    uid: str


@dataclass(frozen=True)
class DeleteJob:
    """Remove a Job that is not needed (any more); its Pods go with it."""

    job: str
    uid: str


@dataclass(frozen=True)
class DeleteRun:
    """`ttlSecondsAfterFinished` is over."""

    uid: str


@dataclass(frozen=True)
class AnswerIntervention:
    """Write the one answer; `adopt` makes the run its owner where nobody is yet."""

    name: str
    uid: str
    status: InterventionStatus
    adopt: bool


@dataclass(frozen=True)
class DeleteIntervention:
    """Only the last answers of a target are kept."""

    name: str
    uid: str


Action = (
    CreateRevision
    | CreateJob
    | LiftGate
    | DeletePod
    | DeleteJob
    | DeleteRun
    | AnswerIntervention
    | DeleteIntervention
)


@dataclass(frozen=True)
class Event:
    """Something that a person cares about; becomes a Kubernetes Event on the run."""

    reason: str
    message: str
    type: Literal["Normal", "Warning"] = "Normal"


@dataclass(frozen=True)
class Plan:
    """Everything to do now. `actions` go first, then `status`, then `afterwards` and `events`."""

    actions: tuple[Action, ...] = ()
    status: PipelineJobStatus | None = None
    """The whole status as it shall be; None: leave it as it is."""
    urgent: bool = False
    """True: write the status now; False: it may wait a moment and be merged with the next."""
    afterwards: tuple[Action, ...] = ()
    """Actions that presuppose the written status."""
    events: tuple[Event, ...] = ()
    lookups: tuple[Question, ...] = ()
    """Questions to ask of the artifact store."""
    recovered: tuple[Recovery, ...] = ()
    """Orphans that this plan recovers; for the metric."""
    wake_at: datetime | None = None
    """Look again then, even if nothing happens."""


@dataclass
class Draft:
    """A plan in the making; used within one decision, never kept."""

    actions: list[Action] = field(default_factory=list[Action])
    afterwards: list[Action] = field(default_factory=list[Action])
    events: list[Event] = field(default_factory=list[Event])
    lookups: list[Question] = field(default_factory=list[Question])
    recovered: list[Recovery] = field(default_factory=list[Recovery])
    wake_at: datetime | None = None

    def wake(self, moment: datetime | None) -> None:
        """Look again at this moment, or earlier where something else asks for it."""
        if moment is not None and (self.wake_at is None or moment < self.wake_at):
            self.wake_at = moment
