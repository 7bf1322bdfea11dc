"""When may a stage start, and when never? Judged from what has become of the stages above it.

`runsIf` says what must have become of the stages that it depends on:

1. `Succeeded`: all are done. One that failed, or a person's skip, decides at once, for nothing that
   happens later could make the stage run. Where nobody needs any of them, nobody needs it either;
   where one of several is needed, the others stand in no way (branches that meet again).
2. `Ended` and `Failed` wait until nothing above them is at work any more, also further up: they
   clean up, or tell of what there is. Then `Ended` runs; `Failed` runs where one of those that it
   depends on failed, or was not run for a failure further up, and else is not needed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from stagework.api import names
from stagework.api.stage_status import StageStatus, States
from stagework.api.stages import RunsIf

Dependencies = Mapping[str, tuple[str, ...]]
"""Stage name to the names of the stages that must have ended before it."""


@dataclass(frozen=True)
class Ready:
    """All that it depends on has become what `runsIf` asks for."""


class Blocked(NamedTuple):
    """These stages have not ended yet."""

    pending: tuple[str, ...]


@dataclass(frozen=True)
class Never:
    """It will not run: a stage above it failed or was skipped."""

    reason: str
    cause: str


@dataclass(frozen=True)
class NotNeeded:
    """It will not run, and nobody needs it."""

    cause: str = ""
    """The stage above it that is not needed, either; empty: nothing failed."""


_READY = Ready()


def may_start(
    stage: str, dependencies: Dependencies, states: States, runs_if: RunsIf = "Succeeded"
) -> Ready | Blocked | Never | NotNeeded:
    """Judge one stage; `states` has an entry for every stage above it."""
    if runs_if == "Succeeded":
        return _after_success(dependencies[stage], states)
    pending = [name for name in ancestors(stage, dependencies) if not states[name].ended]
    if pending:
        return Blocked(tuple(pending))
    if runs_if == "Ended" or any(states[name].has_failed for name in dependencies[stage]):
        return _READY
    return NotNeeded()


def _after_success(above: tuple[str, ...], states: States) -> Ready | Blocked | Never | NotNeeded:
    """A failure wins over a skip, and both over what is pending."""
    skipped: list[str] = []
    pending: list[str] = []
    unneeded: list[str] = []
    for name in above:
        upper = states[name]
        if upper.has_failed:
            return Never(names.UPSTREAM_FAILED, name)
        if upper.set_aside:
            unneeded.append(name)
        elif upper.state == names.STAGE_NOT_RUN or _skipped_for_good(upper):
            skipped.append(name)
        elif not upper.done:
            pending.append(name)
    if skipped:
        return Never(names.UPSTREAM_SKIPPED, skipped[0])
    if unneeded and len(unneeded) == len(above):
        return NotNeeded(unneeded[0])
    return Blocked(tuple(pending)) if pending else _READY


def _skipped_for_good(stage: StageStatus) -> bool:
    """A stage that skips itself counts as done; a person's skip stops what depends on it."""
    return (
        stage.state == names.STAGE_SKIPPED
        and stage.skip is not None
        and stage.skip.descendants == "NotRun"
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
