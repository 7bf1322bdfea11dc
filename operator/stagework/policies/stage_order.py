"""When may a stage start, and when never? Judged from the states of the stages it depends on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from stagework.api import names
from stagework.api.stage_status import StageStatus, States

Dependencies = Mapping[str, tuple[str, ...]]
"""Stage name to the names of the stages that must be done before it."""


@dataclass(frozen=True)
class Ready:
    """Everything it depends on is done."""


class Blocked(NamedTuple):
    """These stages are not done yet."""

    pending: tuple[str, ...]


@dataclass(frozen=True)
class Never:
    """It will not run: a stage above it failed or was skipped."""

    reason: str
    cause: str


_READY = Ready()


def may_start(stage: str, dependencies: Dependencies, states: States) -> Ready | Blocked | Never:
    """Judge one stage; `states` has an entry for every stage above it.

    A failed dependency wins over a skipped one, and both over a pending one: nothing that happens
    later could make the stage run.
    """
    skipped: list[str] = []
    pending: list[str] = []
    for name in dependencies[stage]:
        above = states[name]
        if above.state == "Failed" or (
            above.state == "NotRun" and above.reason == names.UPSTREAM_FAILED
        ):
            return Never(names.UPSTREAM_FAILED, name)
        if above.state == "NotRun" or _skipped_for_good(above):
            skipped.append(name)
        elif not above.done:
            pending.append(name)
    if skipped:
        return Never(names.UPSTREAM_SKIPPED, skipped[0])
    return Blocked(tuple(pending)) if pending else _READY


def _skipped_for_good(stage: StageStatus) -> bool:
    """A stage that skips itself counts as done; a person's skip stops what depends on it."""
    return (
        stage.state == "Skipped" and stage.skip is not None and stage.skip.descendants == "NotRun"
    )


def descendants(roots: Iterable[str], dependencies: Dependencies) -> tuple[str, ...]:
    """Every stage that depends on one of `roots`, directly or not, in the pipeline's order."""
    reached = set(roots)
    below: list[str] = []
    for name, above in dependencies.items():
        if name not in reached and any(upper in reached for upper in above):
            reached.add(name)
            below.append(name)
    return tuple(below)


def ancestors(stage: str, dependencies: Dependencies) -> tuple[str, ...]:
    """Every stage that `stage` depends on, directly or not, in the pipeline's order."""
    wanted = {stage}
    for name in reversed(list(dependencies)):
        if name in wanted:
            wanted.update(dependencies[name])
    return tuple(name for name in dependencies if name in wanted and name != stage)
