"""Stages declared failed for an administrator, of which nothing proves whether they live.

In this order: the right `recover` on the runs of that namespace (of all, where none is named), and
to create Interventions there; then one Intervention a run, in the person's name. What would be done
is told by the same code.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from pydantic import ValidationError

from stagework.api.base import Metadata
from stagework.api.intervention import InterventionSpec, Target
from stagework.api.intervention_body import intervention_body
from stagework.api.kinds import INTERVENTION, PIPELINEJOB, RECOVER
from stagework.api.pipelinejob import PipelineJob
from stagework.api.recovery import RecoverAnswer, RecoverRequest
from stagework.cluster.cache.own_objects import OwnObject
from stagework.overview.orphans import Suspect, suspects_in
from stagework.web.errors import forbidden
from stagework.web.queue.live_rows import run_from
from stagework.web.queue_source import QueueSource, Right
from stagework.web.user import User

_SIGNS: Final = (b"suspectedTime", b"awaySince")
"""In the status of a run of which a stage is suspected."""


class RecoverRequests:
    """Finds and recovers."""

    def __init__(
        self, source: QueueSource, namespaces: tuple[str, ...], now: Callable[[], datetime]
    ) -> None:
        self._source = source
        self._namespaces = namespaces
        self._now = now

    async def recover(self, user: User, request: RecoverRequest) -> RecoverAnswer:
        """Do it, or say what would be done; raises ProblemError without the rights, and NotWritten
        where the API server refuses one: those before it stand.
        """
        await self._require(user, request)
        where = (request.namespace,) if request.namespace else self._namespaces
        runs = [*_read(await self._source.run_objects(where))]
        span = timedelta(seconds=request.timeoutSeconds)
        found = suspects_in(runs, span, self._now())
        if not request.dryRun:
            known = {run.metadata.uid: run.metadata for run in runs}
            for uid, stages in groupby(found.recovered, key=lambda one: one.run_uid):
                await self._ask(known[uid], [*stages], user, request)
        return RecoverAnswer.model_validate({"dry_run": request.dryRun, **found.document})

    async def _require(self, user: User, request: RecoverRequest) -> None:
        rights = [Right(RECOVER.lower(), PIPELINEJOB.plural, request.namespace)]
        if not request.dryRun:
            rights.append(Right("create", INTERVENTION.plural, request.namespace))
        for right in rights:
            if not await self._source.may(user, right):
                where = f"in namespace {request.namespace!r}" if request.namespace else "everywhere"
                raise forbidden(
                    f"you may not {right.verb} {right.resource} {where}",
                    "ask for the role stagework-admin, or name a namespace where you have it",
                )

    async def _ask(
        self, meta: Metadata, stages: list[Suspect], user: User, request: RecoverRequest
    ) -> None:
        spec = InterventionSpec(
            target=Target(kind=PIPELINEJOB.kind, name=meta.name, uid=meta.uid),
            verb=RECOVER,
            stages=[one.stage for one in stages],
            timeoutSeconds=request.timeoutSeconds,
            reason=request.reason,
            requestedBy=user.requester,
        )
        await self._source.create_intervention(meta.namespace, intervention_body(meta, spec))


def _read(objects: Iterable[OwnObject]) -> Iterator[PipelineJob]:
    for known in objects:
        status = bytes(known.status)
        if any(sign in status for sign in _SIGNS):
            try:
                yield run_from(known)
            except ValidationError:
                continue  # of another version: its own operator knows it
