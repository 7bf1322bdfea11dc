"""Is what the stages say of their causes news? Else the status stays as it is stored.

The newest words enter a status with the next change that is one: so its numbers are never older
than what else it says.
"""

from collections.abc import Mapping

from stagework.api import names
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.stage_status import StageStatus, States
from stagework.policies.same_cause import is_same_cause


def as_said_before(stored: PipelineJobStatus, states: States) -> Mapping[str, StageStatus]:
    """The stages with the words that are stored, where these tell of the same cause.

    `states` itself where there are none. A place in a queue is news: it is told now and then only.
    """
    before = {stage.name: stage for stage in stored.stages}
    kept = {
        name: status.evolve(message=before[name].message)
        for name, status in states.items()
        if name in before and _is_said(before[name], status)
    }
    return {**states, **kept} if kept else states


def _is_said(before: StageStatus, after: StageStatus) -> bool:
    if after.message == before.message or after.ended or after.reason == names.WAIT_SLOT:
        return False
    same = (after.attempt, after.reason) == (before.attempt, before.reason)
    return same and is_same_cause(before.message, after.message)
