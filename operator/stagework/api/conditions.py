"""Conditions as the Kubernetes API conventions ask: one entry a type, set together, never lost."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from stagework.api.base import Observed, Time

Status = Literal["True", "False", "Unknown"]


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
    observedGeneration: int = Field(default=0, ge=0)
    """The generation that it speaks of."""


def find(conditions: list[Condition], kind: str) -> Condition | None:
    """The condition of that type, or None."""
    return next((each for each in conditions if each.type == kind), None)


def renew(before: list[Condition], wanted: list[Condition], now: datetime) -> list[Condition]:
    """`wanted` with the transition times kept wherever `status` did not change."""
    renewed: list[Condition] = []
    for each in wanted:
        old = find(before, each.type)
        same = old is not None and old.status == each.status
        moment = old.lastTransitionTime if old is not None and same else now
        renewed.append(each.model_copy(update={"lastTransitionTime": moment}))
    return renewed
