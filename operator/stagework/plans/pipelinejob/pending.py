"""Which stages could run if only a machine had room for them, and since when?"""

from collections.abc import Mapping
from datetime import datetime

from stagework.api import names
from stagework.api.pipelinejob import StageStatus
from stagework.plans.pipelinejob.snapshot import Resolved, Snapshot
from stagework.policies.slots import Queued, Turn

_FOR_ROOM = frozenset({names.WAIT_SLOT, names.WAIT_NO_NODE})
"""Reasons that a machine would remove: a free slot, a ready node."""


def pending(
    snapshot: Snapshot, states: Mapping[str, StageStatus], turns: Mapping[str, Turn]
) -> dict[str, datetime]:
    """Machine class (the stage's first choice) to the time since when the oldest waits for it.

    A stage could have run since the last stage above it ended and its back-off was over; the first
    ones since the run was made. So the age outlives a restart of the operator.
    """
    found: dict[str, datetime] = {}
    if snapshot.resolved is None:
        return found
    for name, status in states.items():
        if status.state == "Waiting" and status.reason in _FOR_ROOM:
            machine = _machine(snapshot, snapshot.resolved, name, turns.get(name))
            since = _due(snapshot, snapshot.resolved, status, states)
            found[machine] = min(since, found.get(machine, since))
    return found


def _machine(snapshot: Snapshot, resolved: Resolved, name: str, turn: Turn | None) -> str:
    if isinstance(turn, Queued):
        return turn.machine
    wanted = next(tuple(each.runsOn) for each in resolved.stages if each.name == name)
    return snapshot.settings.fleet.classes_of(name, wanted)[0]


def _due(
    snapshot: Snapshot,
    resolved: Resolved,
    status: StageStatus,
    states: Mapping[str, StageStatus],
) -> datetime:
    above = (states[each].completionTime for each in resolved.dependencies[status.name])
    moments = [snapshot.run.metadata.creationTimestamp, status.notBeforeTime, *above]
    return max(each for each in moments if each is not None)
