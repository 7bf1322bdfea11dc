"""Schedules that have missed slots, as their statuses have it."""

from typing import Final

from pydantic import ValidationError

from stagework.api.kinds import SCHEDULEDJOB
from stagework.api.scheduledjob import ScheduledJobStatus
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.selections import objects_of
from stagework.overview.alert_rules import MissedSchedule

_SCHEDULES: Final = objects_of(SCHEDULEDJOB)
_SIGN: Final = b'"lastMissedTime"'


def missed_slots(cache: Cache) -> list[MissedSchedule]:
    """All that have ever missed one, with when that was last found."""
    found: list[MissedSchedule] = []
    for known in cache.all(_SCHEDULES):
        if _SIGN not in bytes(known.status):
            continue
        try:
            at = ScheduledJobStatus.model_validate_json(bytes(known.status)).lastMissedTime
        except ValidationError:
            continue  # edited by hand: its own decision says so
        if at is not None:
            found.append(MissedSchedule(known.metadata.namespace, known.metadata.name, at))
    return found
