"""What differs from kind to kind while the operator runs: the seam between engine and controllers.

A controller says which change of which object concerns which of its own, and what to do about one
of them. The engine does all the rest, the same for every kind.
"""

import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, NamedTuple

from stagework.api.intervention import Intervention
from stagework.api.kinds import Kind
from stagework.api.resources import ObjectRef
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.cache.selections import Selection
from stagework.cluster.cache.store import Change
from stagework.cluster.client.paging import T
from stagework.plans.made import NOTHING_MADE, Made
from stagework.plans.plan import ActionKey, Fact, Plan, Question, Refusal, StatusT

log = logging.getLogger(__name__)


class Key(NamedTuple):
    """Names an object of ours in the work queue."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """For logs."""
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True)
class Trigger(Generic[T]):
    """A change of these objects concerns those objects of a kind."""

    selection: Selection[T]
    concerns: Callable[[Change[T]], Iterable[Key]]


class Unreadable(Exception):  # noqa: N818 - a state of the object, not a failure
    """An object cannot be understood as it is stored; the text says where and why."""


class OtherVersion(Unreadable):
    """It has a field or a value that this version does not know: another version will."""


@dataclass(frozen=True)
class View(Generic[StatusT]):
    """What the engine knows of one object when it is to be decided about."""

    object: OwnObject
    prepared: Any = None
    """What the controller's `prepare` has answered."""
    unwritten: StatusT | None = None
    """A status that was decided upon but not stored yet: it counts instead of the stored one."""
    interventions: tuple[Intervention, ...] = ()
    """All that aim at it, oldest first."""
    answers: Mapping[Any, Any] = field(default_factory=dict[Any, Any])
    """Questions of its kind to what other services have answered so far."""
    refusals: Mapping[ActionKey, Refusal] = field(default_factory=dict[ActionKey, Refusal])
    """Actions that the API server has refused and not done since."""
    made: Made = NOTHING_MADE
    """Children that the answers to our own creates have told of."""


class Controller(Generic[StatusT]):
    """One kind. `kind` and `decide` are its own; the rest has defaults for the plainest kind."""

    kind: Kind
    reads: ClassVar[tuple[Selection[Any], ...]] = ()
    """What the cache must hold for its decisions, besides the objects of our own kinds."""

    def decide(self, view: View[StatusT], now: datetime) -> Plan[StatusT]:
        """Gather what the cache holds, and decide; raises Unreadable for a broken object."""
        raise NotImplementedError

    async def prepare(self, known: OwnObject) -> Any:
        """Read what the decision needs and the cache does not hold; it is in `View.prepared`.

        Raises Unreadable or ApiError.
        """
        del known

    def triggers(self) -> Iterable[Trigger[Any]]:
        """Changes of other objects that concern those of this kind."""
        return ()

    def unreadable(self, known: OwnObject, fault: str, now: datetime) -> Plan[StatusT] | None:
        """What to do about an object that cannot be understood; None: nothing (more)."""
        del now
        log.error("%s %s/%s cannot be read: %s", self.kind.kind, *known.name, fault)
        return None

    def not_understood(self, known: OwnObject, fault: str, now: datetime) -> Plan[StatusT] | None:
        """Likewise of one that was written for another version: it must lose nothing here."""
        return self.unreadable(known, fault, now)

    def undecidable(self, known: OwnObject, fault: str, now: datetime) -> Plan[StatusT] | None:
        """Say of an object, once, that deciding about it fails; None: nothing (more) to say.

        It is decided about again after a pause, and whenever it changes.
        """
        del known, fault, now

    async def before_first_decision(self) -> None:
        """Leadership begins: whatever must be known of all objects before any is decided about."""

    def after_last_decision(self) -> None:
        """Leadership has ended: who does not lead knows nothing."""

    def background(self) -> Iterable[Coroutine[Any, Any, None]]:
        """What runs beside the decisions while this process leads."""
        return ()

    async def answer(self, about: ObjectRef, question: Question) -> Any:
        """Ask another service; raises LookupFailed where it cannot say now."""
        raise TypeError(f"{self.kind.kind} has nobody to ask {question} about {about.name}")

    def at_work(self) -> int:
        """How much of its work is on the nodes at this moment: with more of it, statuses that may
        wait do so longer.
        """
        return 0

    def record(self, facts: Sequence[Fact]) -> None:
        """This has happened to an object; for metrics."""

    def stored(self, known: OwnObject, status: StatusT) -> None:
        """This status was written; the object is now as it is here."""

    def tombstone(self, known: OwnObject) -> OwnObject:
        """What stays in memory of an object of which nothing more is to come."""
        return known

    def forget(self, uid: str) -> None:
        """The object has left memory: drop what can be had again."""

    def release(self, uid: str) -> None:
        """The object is gone, or nothing can be made for it: it holds and wants nothing."""
