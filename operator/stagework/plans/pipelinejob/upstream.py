"""Stages that will never start are given up, before anything else is judged.

Level-based: a stage that was given up waits again once nothing stands in its way any more. Only
what was ended with its run stays so until a person retries something.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from stagework.api import names
from stagework.api.stage_status import StageStatus, States
from stagework.api.stages import RunsIf
from stagework.plans.pipelinejob import edits
from stagework.policies.stage_order import Dependencies, Never, NotNeeded, may_start

_IN_THE_WAY = {"Failed": "failed", "Skipped": "was skipped", "NotRun": "is not run"}
"""What happened to the stage that stands in the way, in people's words."""


@dataclass(frozen=True)
class _Named:
    """A stage was found not to be needed."""

    by: str
    reason: str
    at: datetime | None
    """When the stage that found it had ended."""


@dataclass
class Upstream:
    """What has become of the stages so far, from first to last; used within one decision."""

    dependencies: Dependencies
    runs_if: Mapping[str, RunsIf]
    """Of stages for which it is not `Succeeded`."""
    states: States
    """Kept up by its owner, stage by stage."""
    _named: dict[str, _Named] = field(default_factory=dict[str, "_Named"])

    def note(self, status: StageStatus) -> None:
        """Take in which stages it has found not to be needed; the first that says so is told."""
        if status.commit is None or not status.commit.skips or not status.done:
            return
        for name, reason in status.commit.skips.items():
            self._named.setdefault(name, _Named(status.name, reason, status.completionTime))

    def judge(self, status: StageStatus) -> StageStatus:
        """The stage's status after what has become of the stages above it."""
        given_up = _is_given_up(status)
        if not (given_up or status.waiting):
            return status
        named = self._named.get(status.name)
        if named is not None:
            return edits.left_out(status, named.by, named.reason, named.at)
        rule = self.runs_if.get(status.name, "Succeeded")
        verdict = may_start(status.name, self.dependencies, self.states, rule)
        match verdict:
            case Never(reason, cause):
                outcome = _IN_THE_WAY[self.states[cause].state]
                return edits.not_run(_waiting(status), reason, f"{cause} {outcome}")
            case NotNeeded(cause):
                return _not_needed(_waiting(status), cause, self.states)
            case _:
                return edits.given_back(status) if given_up else status


def _is_given_up(status: StageStatus) -> bool:
    not_run = status.state == names.STAGE_NOT_RUN and not status.stopped
    return not_run or status.set_aside


def _waiting(status: StageStatus) -> StageStatus:
    """Without what was noted when another stage had found it not to be needed."""
    return edits.given_back(status) if status.skip is not None else status


def _not_needed(status: StageStatus, cause: str, states: Mapping[str, StageStatus]) -> StageStatus:
    if not cause:
        return edits.not_run(status, names.NOT_NEEDED, "nothing that it is for has failed")
    above = states[cause]
    if above.skip is not None:
        return edits.left_out(status, above.skip.stage, above.reason, above.completionTime)
    return edits.not_run(status, names.NOT_NEEDED, f"{cause} is not needed")
