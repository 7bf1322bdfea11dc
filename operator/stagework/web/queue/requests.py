"""Retry and skip of what has failed, for a person: one Intervention each.

In this order, for each id by itself; one refusal never takes the others down:
1. The id names a run that the person may see, by its uid.
2. The person has every right that admission would ask of them: to create Interventions there, and
   the verb on that very run. The service's own account asks for nothing in their place.
3. Nothing else that works on the same subject waits or works at that stage: a retry would do the
   same twice.
4. The policy of Interventions takes it, for the attempt that the person has seen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from stagework.api.intervention import InterventionSpec, Target
from stagework.api.intervention_body import intervention_body
from stagework.api.kinds import INTERVENTION, PIPELINEJOB, RETRY
from stagework.api.pipelinejob import PipelineJob
from stagework.api.queue_previews import Effect
from stagework.overview.queue.failed_id import FailedId, failed_id
from stagework.overview.queue.queued_twice import queued_elsewhere
from stagework.overview.queue.work import Work
from stagework.plans.pipelinejob import interventions
from stagework.plans.pipelinejob.snapshot import Resolved
from stagework.policies.interventions import judge
from stagework.web.queue.live_rows import LiveRows, run_from
from stagework.web.queue.readers import Readers
from stagework.web.queue_source import NotWritten, QueueSource, Right
from stagework.web.user import User

NO_ID: Final = "NoId"
NOT_FOUND: Final = "NotFound"
NOT_ALLOWED: Final = "NotAllowed"
ALREADY_QUEUED: Final = "AlreadyQueued"
NOT_UNDERSTOOD: Final = "NotUnderstood"
NOT_WRITTEN: Final = "NotWritten"


@dataclass(frozen=True, slots=True)
class RefusedId:
    """An id for which nothing was done, and why."""

    id: str
    reason: str
    """As one word."""
    message: str
    """As a sentence."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request."""

    requested: int
    """Ids, each counted once."""
    done: int
    """Interventions made."""
    refused: tuple[RefusedId, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for, by whom."""

    user: User
    verb: str
    reason: str


@dataclass(frozen=True, slots=True)
class Previewed:
    """What a request would come to, without a write."""

    requested: int
    effects: tuple[Effect, ...]
    refused: tuple[RefusedId, ...]


@dataclass(frozen=True, slots=True)
class _Judged:
    """A request that the operator would take."""

    row: Work
    run: PipelineJob
    spec: InterventionSpec


class _Refused(Exception):  # noqa: N818 - what happens to one id
    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Requests:
    """Carries out what people ask of failed stages."""

    def __init__(self, source: QueueSource, live: LiveRows, readers: Readers) -> None:
        self._source = source
        self._live = live
        self._readers = readers

    async def intervene(self, ids: Iterable[str], asked: Asked) -> Outcome:
        """One after the other, in the order given."""
        wanted = list(dict.fromkeys(ids))
        rows = (await self._live.read()).rows
        refused: list[RefusedId] = []
        for one in wanted:
            try:
                await self._one(one, asked, rows)
            except _Refused as refusal:
                refused.append(RefusedId(one, refusal.reason, refusal.message))
        done = len(wanted) - len(refused)
        if done:
            self._live.forget()
        return Outcome(len(wanted), done, tuple(refused))

    async def preview(self, ids: Iterable[str], asked: Asked) -> Previewed:
        """What each of them would do: all that `intervene` asks, and nothing is written."""
        wanted = list(dict.fromkeys(ids))
        rows = (await self._live.read()).rows
        effects: list[Effect] = []
        refused: list[RefusedId] = []
        for one in wanted:
            try:
                effects.append(await self._effect(await self._judged(one, asked, rows)))
            except _Refused as refusal:
                refused.append(RefusedId(one, refusal.reason, refusal.message))
        return Previewed(len(wanted), tuple(effects), tuple(refused))

    async def verbs(self, user: User, namespace: str) -> tuple[str, ...]:
        """What of runs in a namespace the person may ask for."""
        if not await self._source.may(user, Right("create", INTERVENTION.plural, namespace)):
            return ()
        return tuple(
            [
                verb
                for verb in PIPELINEJOB.verbs
                if await self._source.may(user, Right(verb.lower(), PIPELINEJOB.plural, namespace))
            ]
        )

    async def _one(self, text: str, asked: Asked, rows: Sequence[Work]) -> None:
        judged = await self._judged(text, asked, rows)
        meta = judged.run.metadata
        try:
            await self._source.create_intervention(
                meta.namespace, intervention_body(meta, judged.spec)
            )
        except NotWritten as error:
            raise _Refused(NOT_WRITTEN, str(error)) from error

    async def _judged(self, text: str, asked: Asked, rows: Sequence[Work]) -> _Judged:
        wanted = failed_id(text)
        if wanted is None:
            raise _Refused(NO_ID, "an id is RUN-UID/STAGE/ATTEMPT, as the failed list has it")
        row, run = await self._visible_run(wanted, asked.user, rows)
        await self._require_rights(run, asked)
        if asked.verb == RETRY:
            other = queued_elsewhere(wanted, rows)
            if other is not None:
                message = f"run {other.run} has {other.stage} of {other.document_id} in its queue"
                raise _Refused(ALREADY_QUEUED, message)
        spec = _spec(run, wanted, asked)
        _require_good(spec, run)
        return _Judged(row, run, spec)

    async def _effect(self, judged: _Judged) -> Effect:
        run, spec = judged.run, judged.spec
        states = {stage.name: stage for stage in run.status.stages}
        resolved = Resolved([*await self._live.stages_of(run)], None)
        known = set(resolved.dependencies) >= set(states)
        # Of a run whose revision cannot be read nobody can tell what is below its stages.
        dependencies = resolved.dependencies if known else dict.fromkeys(states, ())
        seen = interventions.preview(spec, states, dependencies, resolved.runs_if)
        (stage,) = seen.affected
        kept = [s for s in states.values() if s.done and s.name not in {stage, *seen.resets}]
        return Effect(
            id=f"{run.metadata.uid}/{stage}/{states[stage].attempt}",
            namespace=run.metadata.namespace,
            run=run.metadata.name,
            title=judged.row.title,
            stage=stage,
            next_attempt=states[stage].attempt + 1,
            waits_again=[*seen.resets],
            not_run=[*seen.not_run, *seen.still_not_run],
            kept=len(kept),
            end=seen.end if known else "",
        )

    async def _visible_run(
        self, wanted: FailedId, user: User, rows: Sequence[Work]
    ) -> tuple[Work, PipelineJob]:
        """A row of the run, and the run as it is now."""
        gone = _Refused(NOT_FOUND, "there is no such run, or you may not see it")
        known = next((work for work in rows if work.run_uid == wanted.run_uid), None)
        if known is None:
            raise gone
        if not await self._readers.visible(user, [known.namespace]):
            raise gone
        found = await self._source.run_object(known.namespace, known.run)
        if found is None or found.metadata.uid != wanted.run_uid:
            raise gone
        try:
            return known, run_from(found)
        except ValidationError as error:
            message = "the run is of another version than this service"
            raise _Refused(NOT_UNDERSTOOD, message) from error

    async def _require_rights(self, run: PipelineJob, asked: Asked) -> None:
        namespace, name = run.metadata.namespace, run.metadata.name
        for right in (
            Right("create", INTERVENTION.plural, namespace),
            Right(asked.verb.lower(), PIPELINEJOB.plural, namespace, name),
        ):
            if not await self._source.may(asked.user, right):
                what = f"{right.verb} {right.resource}"
                raise _Refused(NOT_ALLOWED, f"you may not {what} in namespace {namespace!r}")


def _spec(run: PipelineJob, wanted: FailedId, asked: Asked) -> InterventionSpec:
    return InterventionSpec(
        target=Target(kind=PIPELINEJOB.kind, name=run.metadata.name, uid=run.metadata.uid),
        verb=asked.verb,
        stages=[wanted.stage],
        attempt=wanted.attempt,
        reason=asked.reason,
        requestedBy=asked.user.requester,
    )


def _require_good(spec: InterventionSpec, run: PipelineJob) -> None:
    """By the rules that the operator will judge by."""
    judged = judge(spec, {stage.name: stage for stage in run.status.stages})
    if judged.refused:
        reason = judged.refused[0].reason
        raise _Refused(reason, f"the operator would refuse it: {reason}")
