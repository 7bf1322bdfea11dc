"""Schedules as people see them, read from the cluster when somebody asks."""

from pydantic import ValidationError

from stagework.api.kinds import SCHEDULEDJOB
from stagework.api.scheduledjob import ScheduledJob, ScheduledJobSpec, ScheduledJobStatus
from stagework.cluster.cache.own_objects import OwnObject
from stagework.web.auth.authorization import Authorization
from stagework.web.auth.identity import Caller
from stagework.web.errors import ProblemError, bad_request, not_found
from stagework.web.schedule_source import ScheduleSource


class ScheduleViews:
    """Asks for rights first: one that a caller may not see is as unknown as one that never was."""

    def __init__(
        self, source: ScheduleSource, authorization: Authorization, namespaces: tuple[str, ...]
    ) -> None:
        self._source = source
        self._authorization = authorization
        self._namespaces = namespaces

    async def listed(self, caller: Caller, namespace: str = "") -> list[ScheduledJob]:
        """Those that the caller may list, by namespace and name."""
        rights = self._authorization
        if namespace:
            await rights.require_right(caller, "list", namespace, resource=SCHEDULEDJOB.plural)
            found = await self._source.schedule_objects((namespace,))
        else:
            rights.signed_in(caller)  # before anything is read for who is nobody
            found = await self._source.schedule_objects(self._namespaces)
            known = sorted({one.metadata.namespace for one in found})
            allowed = await rights.readable(caller, known, resource=SCHEDULEDJOB.plural)
            found = [one for one in found if one.metadata.namespace in allowed]
        schedules = (schedule_from(one) for one in found)
        return sorted((one for one in schedules if one is not None), key=place_of)

    async def one(self, caller: Caller, namespace: str, name: str) -> ScheduledJob:
        """The schedule, for who may get it; raises ProblemError."""
        rights = self._authorization
        await rights.require_right(caller, "get", namespace, name, resource=SCHEDULEDJOB.plural)
        found = await self._source.schedule_object(namespace, name)
        if found is None:
            raise absent(namespace, name)
        return readable(found)


def place_of(schedule: ScheduledJob) -> tuple[str, str]:
    """Where it stands in a list."""
    return schedule.metadata.namespace, schedule.metadata.name


def absent(namespace: str, name: str) -> ProblemError:
    """There is none of that name."""
    return not_found(f"there is no ScheduledJob {name!r} in namespace {namespace!r}")


def readable(known: OwnObject) -> ScheduledJob:
    """As the operator reads it; raises ProblemError for one of another version."""
    schedule = schedule_from(known)
    if schedule is None:
        name = known.metadata.name
        raise bad_request(f"ScheduledJob {name!r} is of another version than this service")
    return schedule


def schedule_from(known: OwnObject) -> ScheduledJob | None:
    """None for one of another version."""
    try:
        return ScheduledJob.model_construct(
            metadata=known.checked_metadata(),
            spec=ScheduledJobSpec.model_validate_json(bytes(known.spec)),
            status=ScheduledJobStatus.model_validate_json(bytes(known.status)),
        )
    except ValidationError:
        return None
