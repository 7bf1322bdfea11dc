"""Wait for a condition, never for a time: conditions of runs have names that failures can quote."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tests.support.cluster.commands import Document
from tests.support.recorded import stages_of

POLL_SECONDS = 0.2
"""Pause between two polls."""
Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Condition:
    """Something that is to become true of a PipelineJob."""

    sentence: str
    holds: Callable[[Document], bool]

    def __and__(self, other: "Condition") -> "Condition":
        """Both at once."""
        return Condition(
            f"{self.sentence} and {other.sentence}",
            lambda run: self.holds(run) and other.holds(run),
        )


def eventually(
    poll: Callable[[], Seen],
    is_so: Callable[[Seen], object],
    *,
    seconds: float,
    otherwise: Callable[[], str],
) -> Seen:
    """Poll again and again until it is so; afterwards fail with what `otherwise` says."""
    until = time.monotonic() + seconds
    while True:
        seen = poll()
        if is_so(seen):
            return seen
        if time.monotonic() >= until:
            raise AssertionError(f"not within {seconds:.0f} s: {otherwise()}")
        time.sleep(POLL_SECONDS)


def stage_in(run: Document, name: str) -> Document:
    """The status of one stage; empty before the operator has written it."""
    none: Document = {}
    return next((stage for stage in stages_of(run) if stage["name"] == name), none)


def summary(*words: str) -> Condition:
    """`status.summary` is one of these words."""
    return Condition(
        f"summary {' or '.join(words)}", lambda run: run.get("status", {}).get("summary") in words
    )


def ended() -> Condition:
    """`Succeeded` is True or False."""
    return Condition("ended", lambda run: condition_of(run, "Succeeded") in {"True", "False"})


def stage_is(name: str, **fields: object) -> Condition:
    """The stage's status has these values; `state` of a fresh stage is Waiting."""
    wanted = ", ".join(f"{key}={value}" for key, value in fields.items())

    def holds(run: Document) -> bool:
        status = stage_in(run, name)
        if not status:
            return False
        status = {"state": "Waiting", "reason": "", "attempt": 1, "failures": 0, **status}
        return all(status.get(key) == value for key, value in fields.items())

    return Condition(f"stage {name} with {wanted}", holds)


def is_missed(name: str) -> Condition:
    """The stage's process, its Pod or its node is missed, and it says so."""
    return Condition(
        f"stage {name} with a reason that says what is missed",
        lambda run: stage_in(run, name).get("reason") in {"NodeLost", "PodLost", "MachineAway"},
    )


def is_missed_or_again(name: str) -> Condition:
    """Likewise, or another attempt has been decided already."""
    missed = is_missed(name)
    return Condition(
        f"{missed.sentence}, or another attempt",
        lambda run: missed.holds(run) or stage_in(run, name).get("attempt", 1) > 1,
    )


def condition_of(run: Document, kind: str) -> str:
    """Status of a condition; empty before it is written."""
    conditions: list[Document] = run.get("status", {}).get("conditions", [])
    return next((condition["status"] for condition in conditions if condition["type"] == kind), "")
