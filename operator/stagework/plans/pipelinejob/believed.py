"""The times that a status has on record, as far as they can be: somebody may have edited it.

A time that has not come yet would hold a stage and its slot until then, and with the year 9999 no
deadline could be computed. What is corrected is written with the status, so it is corrected once.
"""

from datetime import datetime

from stagework.api.stage_status import StageStatus
from stagework.api.stages import Stage
from stagework.plans.pipelinejob import edits
from stagework.policies.retry import longest_wait
from stagework.policies.time_of_day import by_now


def with_possible_times(status: StageStatus, stage: Stage, now: datetime) -> StageStatus:
    """What is on record has happened by now, and no attempt is put off for longer than we do it."""
    past = (
        *(status.turnTime, status.recreatedTime, status.waitingSince, status.lostTime),
        *(status.awaySince, status.suspectedTime),
    )
    past += (status.startTime, status.completionTime)
    latest, until = now + longest_wait(stage), status.notBeforeTime
    if all(by_now(moment, now) is moment for moment in past) and not (until and until > latest):
        return status
    return edits.with_times(
        status, lambda moment: by_now(moment, now), min(until, latest) if until else None
    )
