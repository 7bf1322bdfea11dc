"""What has changed from one status to the next, as typed facts: the part that all kinds share.

Computed once for each plan; events, urgency, metrics and history are read from it, so that they
cannot disagree.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from stagework.api.answered import Answered
from stagework.plans.plan import Fact

Recovery = Literal["StoredResult", "JobCondition", "NewAttempt", "GivenUp"]
"""How a stage was recovered whose process had gone, or was ended from outside: by the result it had
stored, by what the Job controller had counted, by trying again, or by failing, so that a person may
retry it."""


@dataclass(frozen=True)
class Recovered(Fact):
    """What had lost its process goes on."""

    how: Recovery
    cause: str
    """See `policies/orphans.py`."""
    machine: str
    """Its machine class."""


@dataclass(frozen=True)
class SpecSeen(Fact):
    """The status speaks of another generation of the spec than before."""

    generation: int


@dataclass(frozen=True)
class RequestsNoted(Fact):
    """The notes of Interventions that were carried out have changed."""


@dataclass(frozen=True)
class SummaryChanged(Fact):
    """The plain word for where the object stands is another one."""

    before: str
    after: str


class Summarised(Protocol):
    """What the statuses of all kinds have in common."""

    @property
    def observedGeneration(self) -> int:  # noqa: N802 - the API's name
        """Generation of the spec that the status speaks of."""
        ...

    @property
    def summary(self) -> str:
        """The plain word."""
        ...

    @property
    def answered(self) -> Sequence[Answered]:
        """Notes of Interventions."""
        ...


def common_transitions(before: Summarised, after: Summarised) -> Iterator[Fact]:
    """Facts that follow from what the statuses of all kinds have in common."""
    if after.observedGeneration != before.observedGeneration:
        yield SpecSeen(after.observedGeneration)
    if after.answered != before.answered:
        yield RequestsNoted()
    if after.summary != before.summary:
        yield SummaryChanged(before.summary, after.summary)
