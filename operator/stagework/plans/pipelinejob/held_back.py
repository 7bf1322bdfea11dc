"""What does a stage wait for before it stands in any queue for a slot?

In this order: the stages above it, somebody's approval (which may be given while the run is
suspended), the run's being resumed, the end of its back-off.
"""

from datetime import datetime
from typing import Final

from stagework.api import names
from stagework.api.stage_status import StageStatus, States
from stagework.api.stages import Stage
from stagework.plans.pipelinejob import edits
from stagework.plans.pipelinejob.snapshot import Snapshot
from stagework.plans.plan import PlanBuilder
from stagework.policies.stage_order import Blocked, Dependencies, may_start

SUSPENDED: Final = "the run is suspended: set spec.suspend=false"
"""What a stage says that could start."""


def held_back(
    stage: Stage,
    snapshot: Snapshot,
    dependencies: Dependencies,
    states: States,
    *,
    builder: PlanBuilder,
    now: datetime,
) -> StageStatus | None:
    """The stage's status with what it waits for; None: nothing holds it back."""
    status = states[stage.name]
    verdict = may_start(stage.name, dependencies, states, stage.runsIf)
    if isinstance(verdict, Blocked):
        blockers = ", ".join(verdict.pending)
        return edits.waiting(status, names.WAIT_DEPENDENCY, f"waits for {blockers}")
    if stage.approval and status.approval is None:
        return edits.waiting(status, names.WAIT_APPROVAL, "waits until somebody approves it")
    if snapshot.run.spec.suspend:
        return edits.waiting(status, names.WAIT_SUSPENDED, SUSPENDED)
    if status.notBeforeTime is not None and now < status.notBeforeTime:
        builder.wake(status.notBeforeTime)
        return status if status.reason == names.WAIT_ENDPOINT else edits.backing_off(status)
    return None
