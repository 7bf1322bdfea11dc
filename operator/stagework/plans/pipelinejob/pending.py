"""Which stages could run if only a machine had room for them, and since when?"""

from collections.abc import Mapping
from datetime import datetime

from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob.snapshot import Resolved, Snapshot
from stagework.plans.pipelinejob.turns import RunTurns
from stagework.policies.slots.turn import Queued


def pending(snapshot: Snapshot, status: PipelineJobStatus, turns: RunTurns) -> dict[str, datetime]:
    """Machine class (the stage's first choice) to the time since when the oldest waits for it.

    `status`: as the plan leaves it. A stage could have run since the last stage above it ended and
    its back-off was over; the first ones since the run was made. So the age outlives a restart of
    the operator.
    """
    oldest: dict[str, datetime] = {}
    resolved = snapshot.resolved
    if resolved is None or snapshot.run.metadata.deletionTimestamp is not None:
        return oldest
    ends = {stage.name: stage.completionTime for stage in status.stages}
    for stage in status.stages:
        if stage.wants_machine:
            machine = _machine(snapshot, resolved, stage.name, turns.get(stage.name))
            since = _due(snapshot, resolved, stage, ends)
            oldest[machine] = min(since, oldest.get(machine, since))
    return oldest


def _machine(snapshot: Snapshot, resolved: Resolved, name: str, turn: object) -> str:
    if isinstance(turn, Queued):
        return turn.machine
    wanted = next(tuple(stage.runsOn) for stage in resolved.stages if stage.name == name)
    return snapshot.settings.fleet.classes_of(name, wanted)[0]


def _due(
    snapshot: Snapshot,
    resolved: Resolved,
    stage: StageStatus,
    ends: Mapping[str, datetime | None],
) -> datetime:
    above = (ends[name] for name in resolved.dependencies[stage.name])
    moments = [snapshot.run.metadata.creationTimestamp, stage.notBeforeTime, *above]
    return max(moment for moment in moments if moment is not None)
