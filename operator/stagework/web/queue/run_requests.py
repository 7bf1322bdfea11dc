"""A stop of one run, or the approval of its stages, for a person: one Intervention.

Admission passes the service's own account, so every right that it would ask of the person is asked
here before anything is written: to create Interventions there, and the verb on that very run. What
would come of it is told by the code that the operator acts by.
"""

from http import HTTPStatus

from stagework.api.intervention import InterventionSpec, Target
from stagework.api.intervention_body import intervention_body
from stagework.api.kinds import INTERVENTION, PIPELINEJOB
from stagework.api.old_queue import OldRefused
from stagework.api.pipelinejob import PipelineJob
from stagework.api.run_requests import RunAsked, RunRequest
from stagework.plans.pipelinejob.interventions import Preview, preview, preview_whole
from stagework.plans.pipelinejob.snapshot import Resolved
from stagework.web.errors import ProblemError, forbidden, not_found
from stagework.web.queue.live_rows import LiveRows
from stagework.web.queue_source import NotWritten, QueueSource, Right
from stagework.web.user import User


class RunRequests:
    """Carries out what people ask; each raises ProblemError."""

    def __init__(self, source: QueueSource, live: LiveRows) -> None:
        self._source = source
        self._live = live

    async def ask(
        self,
        user: User,
        namespace: str,
        name: str,
        verb: str,
        given: RunRequest,
        *,
        dry_run: bool,
    ) -> RunAsked:
        """Ask for it, or only say what that would change."""
        await self._require(user, namespace, name, verb)
        run = await self._live.run(namespace, name)
        if run is None:
            raise not_found(f"there is no PipelineJob {name!r} in namespace {namespace!r}")
        spec = InterventionSpec(
            target=Target(kind=PIPELINEJOB.kind, name=name, uid=run.metadata.uid),
            verb=verb,
            stages=given.stages,
            reason=given.reason,
            requestedBy=user.requester,
        )
        answer = _answer(run, await self._preview(run, spec))
        if dry_run or not answer.affected:
            return answer
        try:
            made = await self._source.create_intervention(
                namespace, intervention_body(run.metadata, spec)
            )
        except NotWritten as error:
            raise ProblemError(
                HTTPStatus.BAD_REQUEST, f"the cluster does not take it: {error}"
            ) from error
        self._live.forget()
        return answer.model_copy(update={"intervention": made})

    async def _require(self, user: User, namespace: str, name: str, verb: str) -> None:
        for right in (
            Right("get", PIPELINEJOB.plural, namespace, name),
            Right("create", INTERVENTION.plural, namespace),
            Right(verb.lower(), PIPELINEJOB.plural, namespace, name),
        ):
            if not await self._source.may(user, right):
                raise forbidden(
                    f"you may not {right.verb} {right.resource} in namespace {namespace!r}",
                    "ask for a role with that right, such as stagework-edit",
                )

    async def _preview(self, run: PipelineJob, spec: InterventionSpec) -> Preview:
        states = {stage.name: stage for stage in run.status.stages}
        if not states:
            return preview_whole(spec, run.status)
        resolved = Resolved([*await self._live.stages_of(run)], None)
        known = set(resolved.dependencies) >= set(states)
        # Of a run whose revision cannot be read nobody can tell what is below its stages.
        dependencies = resolved.dependencies if known else dict.fromkeys(states, ())
        return preview(spec, states, dependencies, resolved.runs_if)


def _answer(run: PipelineJob, seen: Preview) -> RunAsked:
    states = {stage.name: stage for stage in run.status.stages}
    at_work = [name for name in seen.affected if name in states and states[name].active]
    touched = {*seen.affected, *seen.resets}
    return RunAsked(
        affected=[*seen.affected],
        running=at_work,
        not_run=[*seen.not_run],
        kept=sum(stage.done for stage in states.values() if stage.name not in touched),
        refused=[
            OldRefused(
                id=one.stage,
                reason=one.reason,
                message=f"the operator would refuse it: {one.reason}",
            )
            for one in seen.refused
        ],
        end=seen.end,
    )
