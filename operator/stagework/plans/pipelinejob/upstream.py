"""Stages that can never start are given up, before anything else is judged.

Level-based: a stage that was given up waits again once nothing stands in its way any more.
"""

from stagework.api import names
from stagework.api.stage_status import StageStatus, States
from stagework.plans.pipelinejob import edits
from stagework.policies.stage_order import Dependencies, Never, may_start

_IN_THE_WAY = {"Failed": "failed", "Skipped": "was skipped", "NotRun": "is not run"}
"""What happened to the stage that stands in the way, in people's words."""


def after_upstream(status: StageStatus, dependencies: Dependencies, states: States) -> StageStatus:
    """The stage's status after what has become of the stages above it."""
    given_up = status.state == names.STAGE_NOT_RUN
    if not (given_up or status.waiting):
        return status
    verdict = may_start(status.name, dependencies, states)
    if isinstance(verdict, Never):
        outcome = _IN_THE_WAY[states[verdict.cause].state]
        return edits.not_run(status, verdict.reason, f"{verdict.cause} {outcome}")
    return edits.given_back(status) if given_up else status
