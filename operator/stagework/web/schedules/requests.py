"""Making, pausing, resuming, removing a schedule, and its Interventions, for a person.

Admission passes the service's own account where it asks for verbs and priorities, so every right
that it, or `kubectl`, would need is asked of the person before anything is written: `create`,
`patch` or `delete` on that ScheduledJob, and `prioritize` for a priority above 0; to create
Interventions there, and `runnow` or `skipnext`. No template that comes this way has stages of its
own or a built-in task: whoever writes those makes the operator create Pods, and this service has no
such power to lend.
"""

from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from stagework.api import names
from stagework.api.intervention import InterventionSpec, Target
from stagework.api.intervention_body import intervention_body
from stagework.api.kinds import INTERVENTION, SCHEDULEDJOB
from stagework.api.schedule_answers import NewSchedule, ScheduleAsked, ScheduleRequest
from stagework.api.scheduledjob import RunTemplate, ScheduledJob
from stagework.overview.schedules import verbs_of
from stagework.web.auth.authorization import Authorization
from stagework.web.auth.identity import Caller
from stagework.web.errors import ProblemError, bad_request
from stagework.web.queue.readers import user_of
from stagework.web.queue_source import NotWritten, QueueSource
from stagework.web.schedule_source import ScheduleSource
from stagework.web.schedules.views import absent, readable

SUSPEND: Final = "Suspend"
"""To pause and to resume, among the verbs of Interventions."""


class ScheduleRequests:
    """Carries out what people ask; each raises ProblemError."""

    def __init__(
        self, source: ScheduleSource, queue: QueueSource, authorization: Authorization
    ) -> None:
        self._source = source
        self._queue = queue
        self._authorization = authorization

    async def create(self, caller: Caller, given: NewSchedule, *, dry_run: bool) -> ScheduledJob:
        """Make one; a dry run is judged by the cluster and not stored."""
        template = given.spec.template
        await self._require(caller, "create", given.namespace)
        made_of = [part for part in (template.pipelineJob, template.batch) if part is not None]
        if any(part.priority > 0 for part in made_of):
            await self._require(caller, "prioritize", given.namespace, given.name)
        _check_template(template)
        body = _schedule_body(given, user_of(caller).requester)
        try:
            made = await self._source.create_schedule(given.namespace, body, dry_run=dry_run)
        except NotWritten as error:
            raise _not_taken(error) from error
        return readable(made)

    async def suspend(
        self, caller: Caller, schedule: ScheduledJob, *, suspend: bool, dry_run: bool
    ) -> ScheduledJob:
        """Pause or resume that very one."""
        meta = schedule.metadata
        await self._require(caller, "patch", meta.namespace, meta.name)
        body = {"metadata": {"uid": meta.uid}, "spec": {"suspend": suspend}}
        try:
            changed = await self._source.change_schedule(
                meta.namespace, meta.name, body, dry_run=dry_run
            )
        except NotWritten as error:
            raise _not_taken(error) from error
        if changed is None:
            raise absent(meta.namespace, meta.name)
        return readable(changed)

    async def remove(self, caller: Caller, namespace: str, name: str, *, dry_run: bool) -> None:
        """Delete it, and the runs that it has made."""
        await self._require(caller, "delete", namespace, name)
        try:
            found = await self._source.delete_schedule(namespace, name, dry_run=dry_run)
        except NotWritten as error:
            raise _not_taken(error) from error
        if not found:
            raise absent(namespace, name)

    async def intervene(
        self,
        caller: Caller,
        schedule: ScheduledJob,
        verb: str,
        given: ScheduleRequest,
        *,
        now: datetime,
        dry_run: bool,
    ) -> ScheduleAsked:
        """Ask for a run now, or to skip the next slot; or only say what that would change."""
        meta = schedule.metadata
        rights = self._authorization
        await rights.require_right(caller, "create", meta.namespace, resource=INTERVENTION.plural)
        await self._require(caller, verb.lower(), meta.namespace, meta.name)
        spec = InterventionSpec(
            target=Target(kind=SCHEDULEDJOB.kind, name=meta.name, uid=meta.uid),
            verb=verb,
            reason=given.reason,
            requestedBy=user_of(caller).requester,
        )
        judged = verbs_of(schedule, now).judge(spec, schedule.status)
        answer = ScheduleAsked(
            affected=list(judged.affected), refused=[refusal.reason for refusal in judged.refused]
        )
        if dry_run or not answer.affected:
            return answer
        try:
            made = await self._queue.create_intervention(
                meta.namespace, intervention_body(meta, spec)
            )
        except NotWritten as error:
            raise _not_taken(error) from error
        return answer.model_copy(update={"intervention": made})

    async def verbs(self, caller: Caller, namespace: str) -> tuple[str, ...]:
        """What of schedules in a namespace the person may ask for, and `Suspend`."""
        may, plural = self._authorization.may, SCHEDULEDJOB.plural
        asks = await may(caller, "create", namespace, resource=INTERVENTION.plural)
        found = [
            verb
            for verb in SCHEDULEDJOB.verbs
            if asks and await may(caller, verb.lower(), namespace, resource=plural)
        ]
        if await may(caller, "patch", namespace, resource=plural):
            found.append(SUSPEND)
        return tuple(found)

    async def _require(self, caller: Caller, verb: str, namespace: str, name: str = "") -> None:
        await self._authorization.require_right(
            caller, verb, namespace, name, resource=SCHEDULEDJOB.plural
        )


def _check_template(template: RunTemplate) -> None:
    """Refuse what admission asks of the account that writes it; raises ProblemError."""
    run, with_kubectl = template.pipelineJob, "or apply it with kubectl"
    if template.task is not None:
        raise bad_request(
            "a schedule that is made here has no built-in task",
            f"give a pipelineJob or a batch in spec.template, {with_kubectl}",
        )
    if run is not None and (
        run.pipelineRef is None or run.stages is not None or run.imagePullSecrets
    ):
        raise bad_request(
            "a schedule that is made here has no stages of its own",
            f"{SCHEDULEDJOB.stages_advice}, {with_kubectl}",
        )


def _schedule_body(given: NewSchedule, requester: str) -> dict[str, Any]:
    return {
        "apiVersion": names.API_VERSION,
        "kind": SCHEDULEDJOB.kind,
        "metadata": {
            "name": given.name,
            "namespace": given.namespace,
            "annotations": {names.ANNOTATION_REQUESTED_BY: requester},
        },
        "spec": given.spec.model_dump(mode="json", exclude_unset=True, by_alias=True),
    }


def _not_taken(error: NotWritten) -> ProblemError:
    status = HTTPStatus.CONFLICT if "already exists" in str(error) else HTTPStatus.BAD_REQUEST
    return ProblemError(status, f"the cluster does not take it: {error}")
