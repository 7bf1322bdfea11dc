"""Conditions as the Kubernetes API conventions ask: one entry a type, set together, never lost."""

from datetime import datetime
from typing import Annotated, Literal, NamedTuple, Self, TypedDict, Unpack

from pydantic import Field, StringConstraints

from stagework.api import names
from stagework.api.base import TOTAL_MAX, Observed, Time
from stagework.api.causes import sentence

Status = Literal["True", "False", "Unknown"]


class ConditionChanges(TypedDict, total=False):
    """What may change in a condition while it says the same."""

    lastTransitionTime: datetime
    observedGeneration: int


class Condition(Observed):
    """One aspect of an object's state."""

    type: Annotated[str, StringConstraints(max_length=63)]
    """Which aspect."""
    status: Status
    """True, False or Unknown."""
    reason: Annotated[str, StringConstraints(min_length=1, max_length=63)]
    """Why, as one CamelCase word."""
    message: Annotated[str, StringConstraints(max_length=512)] = ""
    """Why, as a sentence."""
    lastTransitionTime: Time
    """When `status` last changed."""
    observedGeneration: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """The generation that it speaks of."""

    def evolve(self, **changes: Unpack[ConditionChanges]) -> Self:
        """The same condition with other values."""
        return self._evolved(changes)


def find(conditions: list[Condition], kind: str) -> Condition | None:
    """The condition of that type, or None."""
    return next((condition for condition in conditions if condition.type == kind), None)


def renew(before: list[Condition], wanted: list[Condition], now: datetime) -> list[Condition]:
    """`wanted` with the transition times kept wherever `status` did not change."""
    renewed: list[Condition] = []
    for condition in wanted:
        old = find(before, condition.type)
        same = old is not None and old.status == condition.status
        moment = old.lastTransitionTime if old is not None and same else now
        renewed.append(condition.evolve(lastTransitionTime=moment))
    return renewed


def of_generation(conditions: list[Condition], generation: int) -> list[Condition]:
    """The same conditions, said of another generation of the spec."""
    return [condition.evolve(observedGeneration=generation) for condition in conditions]


class ConditionContent(NamedTuple):
    """What a condition shall say."""

    type: str
    status: Status
    reason: str
    message: str


def conditions_for(
    before: list[Condition],
    generation: int,
    *,
    succeeded: Status,
    reason: str,
    message: str,
    now: datetime,
    stalled: bool = False,
    paused: bool = False,
    others: tuple[ConditionContent, ...] = (),
) -> list[Condition]:
    """Succeeded, Reconciling and Stalled by the kstatus table, of every kind that comes to an end.

    Active: Unknown, Reconciling. Suspended: Unknown, neither. Done: True, neither. Failed for
    good: False, Stalled. `stalled` says that unfinished work needs a person. `others`: what else
    applies, behind these. The list `before` is given back where it says all of it already. A
    condition that does not apply has no message.
    """
    stuck = stalled or succeeded == "False"
    busy = succeeded == "Unknown" and not stuck and not paused
    said = sentence(message)
    wanted = [
        _content(names.SUCCEEDED, succeeded, reason, said),
        _content(names.RECONCILING, "True" if busy else "False", reason, said),
        _content(names.STALLED, "True" if stuck else "False", reason, said),
        *others,
    ]
    return _renewed(before, wanted, generation, now)


def conditions_of_use(
    before: list[Condition],
    generation: int,
    *,
    ready: bool,
    reason: str,
    message: str,
    now: datetime,
    passing: bool = False,
) -> list[Condition]:
    """Ready and Stalled, of every kind that is there to be used and comes to no end.

    What cannot be used needs a person, unless that is `passing`: it ends by itself. The list
    `before` is given back where it says all of it.
    """
    said = sentence(message)
    wanted = [
        _content(names.READY, "True" if ready else "False", reason, said),
        _content(names.STALLED, "False" if ready or passing else "True", reason, said),
    ]
    return _renewed(before, wanted, generation, now)


_SAYS_WHY = frozenset({names.SUCCEEDED, names.READY})


def _content(kind: str, status: Status, reason: str, message: str) -> ConditionContent:
    """The first one always says why; the others only while they apply."""
    return ConditionContent(
        kind, status, reason, message if kind in _SAYS_WHY or status == "True" else ""
    )


def _renewed(
    before: list[Condition], wanted: list[ConditionContent], generation: int, now: datetime
) -> list[Condition]:
    there = [
        (ConditionContent(c.type, c.status, c.reason, c.message), c.observedGeneration)
        for c in before
    ]
    if there == [(content, generation) for content in wanted]:
        return before
    return renew(before, [_made(content, generation, now) for content in wanted], now)


def _made(content: ConditionContent, generation: int, now: datetime) -> Condition:
    return Condition(**content._asdict(), lastTransitionTime=now, observedGeneration=generation)
