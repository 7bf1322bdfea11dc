"""What a decision asks for: actions, the status as it shall be, events, and when to come back.

The same for every kind. Actions name objects by reference and say nothing of stages or runs.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, Literal, NamedTuple, Self, TypeVar

from stagework.api.base import Observed
from stagework.api.facts import AnyFact
from stagework.api.intervention import InterventionStatus
from stagework.api.resources import ApiResource, ObjectRef

StatusT = TypeVar("StatusT", bound=Observed)
"""The status type of a kind."""


class Purpose(NamedTuple):
    """What a child is made for: a stage (chunk, slot) and its attempt."""

    name: str
    attempt: int


class ActionKey(NamedTuple):
    """Names an action from one decision to the next: what was said against it is kept under it."""

    verb: Literal["create", "dry run", "delete", "ungate", "answer", "write status"]
    about: Purpose | str = ""
    """What a child is made for; else the uid of what is changed, or a name by content."""


STATUS_WRITE: Final = ActionKey("write status")
"""The object's own status, as it stands under what was refused for that object."""


def creation(name: str, attempt: int) -> ActionKey:
    """The making of the child that is for this."""
    return ActionKey("create", Purpose(name, attempt))


def dry_run_of(about: Purpose | str) -> ActionKey:
    """The question whether a child for this would be made."""
    return ActionKey("dry run", about)


@dataclass(frozen=True)
class Create:
    """Make an object; its name is deterministic, so that a repetition finds it there."""

    resource: ApiResource
    name: str
    manifest: dict[str, Any]
    purpose: Purpose | None = None
    """A refusal is remembered under it, and one that exists is adopted where our object controls
    it. None: the name is the content's digest, one that exists already is as good."""
    adopt_only: bool = False
    """True: it is there, as a cache shows, and is adopted or nothing: where that cache was behind
    and it has gone, it is not made again."""

    @property
    def key(self) -> ActionKey:
        """By what it is for."""
        return ActionKey("create", self.purpose or self.name)


@dataclass(frozen=True)
class DryRun:
    """Ask whether the API server would make that object; where one of its name is there already it
    is adopted, or the name is taken.
    """

    create: Create

    @property
    def key(self) -> ActionKey:
        """By what it is for."""
        return dry_run_of(self.create.purpose or self.create.name)


@dataclass(frozen=True)
class Delete:
    """Remove the object of that uid; what it controls goes with it, in the background."""

    target: ObjectRef
    grace_seconds: int | None = None
    """Of a Pod: how long it may take to end; None: as it says itself."""

    @property
    def key(self) -> ActionKey:
        """By the object's uid."""
        return ActionKey("delete", self.target.uid)


@dataclass(frozen=True)
class Ungate:
    """Take one scheduling gate off a Pod of that uid and resourceVersion: the scheduler has it."""

    pod: ObjectRef
    gate: str
    node_selector: dict[str, str]
    """Added to the Pod's own."""
    labels: dict[str, str]
    annotations: dict[str, str]

    @property
    def key(self) -> ActionKey:
        """By the Pod's uid."""
        return ActionKey("ungate", self.pod.uid)


@dataclass(frozen=True)
class Answer:
    """Write an Intervention's one answer; `adopt`: its target becomes its owner."""

    intervention: ObjectRef
    status: InterventionStatus
    adopt: bool

    @property
    def key(self) -> ActionKey:
        """By the Intervention's uid."""
        return ActionKey("answer", self.intervention.uid)


Action = Create | DryRun | Delete | Ungate | Answer


Cause = Literal["Invalid", "NameTaken", "Denied", "OverQuota", "Unavailable", "Outdated"]
"""Why an action was not done.

`Invalid`: a child that can never be made as written. `NameTaken`: by somebody else's object, as
long as that is there.
`Denied`: by a right, a policy or a webhook that somebody may mend. `OverQuota`: a quota stands in
the way for now. `Unavailable`: the server is overloaded, has failed or gave no answer.
`Outdated`: the object is newer than what was decided upon, as it happens all the time.
"""


@dataclass(frozen=True)
class Refusal:
    """The API server has not done what was asked; kept until it does, asked again after a pause."""

    cause: Cause
    message: str
    """The server's sentence, its cause first; ours where the name is taken."""
    retry_after_seconds: float = 0.0
    """How long the server asks us to wait."""
    due: bool = False
    """It is believed no more: the action may be tried again."""

    @property
    def final(self) -> bool:
        """True: the same request can never work."""
        return self.cause == "Invalid"

    @property
    def race(self) -> bool:
        """True: the usual end of a race, which is over before anybody could read of it."""
        return self.cause == "Outdated"


@dataclass(frozen=True)
class Event:
    """Something that a person cares about; becomes a Kubernetes Event on the object."""

    reason: str
    message: str
    type: Literal["Normal", "Warning"] = "Normal"


class Question:
    """Base of what is asked of the API service: asked now, answered for a later reconcile."""

    __slots__ = ()


class Fact:
    """Base of what has happened to an object, for metrics and history."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ForHistory(Fact):
    """What history shall keep of it."""

    kept: AnyFact


@dataclass(frozen=True)
class Plan(Generic[StatusT]):
    """Everything to do now. `actions` go first, then `status`, then `afterwards` and `events`."""

    actions: tuple[Action, ...] = ()
    status: StatusT | None = None
    """The whole status as it shall be; None: leave it as it is."""
    urgent: bool = False
    """True: write the status now; False: it may wait a moment and be merged with the next."""
    patient: bool = False
    """True: its change is worth a write of its own only after the longest pause, and nothing that
    is done afterwards presupposes it."""
    again_once_stored: bool = False
    """True: what follows from this status must be decided as soon as it is stored."""
    afterwards: tuple[Action, ...] = ()
    """Actions that presuppose the written status."""
    events: tuple[Event, ...] = ()
    facts: tuple[Fact, ...] = ()
    questions: tuple[Question, ...] = ()
    wake_at: datetime | None = None
    """Reconcile again then, even if nothing happens."""
    nothing_to_come: bool = False
    """The object has ended and only a person or its time to live will change that: once this
    status is stored it may leave memory."""

    def with_facts(self, more: Iterable[Fact]) -> Self:
        """The same plan with these facts behind its own; at a fraction of what `replace` costs."""
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__, facts=(*self.facts, *more))
        return made

    @property
    def status_is_urgent(self) -> bool:
        """Whether the status is to be written at once: its change is urgent, or actions wait."""
        return self.urgent or (bool(self.afterwards) and not self.patient)


@dataclass
class PlanBuilder:
    """A plan in the making; used within one decision, never kept."""

    actions: list[Action] = field(default_factory=list[Action])
    afterwards: list[Action] = field(default_factory=list[Action])
    events: list[Event] = field(default_factory=list[Event])
    facts: list[Fact] = field(default_factory=list[Fact])
    questions: list[Question] = field(default_factory=list[Question])
    wake_at: datetime | None = None

    def plan(
        self,
        status: StatusT | None,
        *,
        urgent: bool = False,
        patient: bool = False,
        again_once_stored: bool = False,
    ) -> Plan[StatusT]:
        """The plan of all that was asked for, with this status; None: leave it as it is."""
        return Plan(
            actions=tuple(self.actions),
            status=status,
            urgent=urgent,
            patient=patient,
            again_once_stored=again_once_stored,
            afterwards=tuple(self.afterwards),
            events=tuple(self.events),
            facts=tuple(self.facts),
            questions=tuple(self.questions),
            wake_at=self.wake_at,
        )

    def wake(self, moment: datetime | None) -> None:
        """Reconcile at this moment, or earlier where something else asks for it."""
        if moment is not None and (self.wake_at is None or moment < self.wake_at):
            self.wake_at = moment
