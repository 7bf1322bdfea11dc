"""Making a batch, and having items of one run again, for a person.

Admission passes the service's own account, so every right that it would ask of the person is asked
here before anything is written: to create Batches there, and `prioritize` for a priority above 0;
to create Interventions there, and `reprocess` on that very Batch. Stages cannot stand in a Batch.
"""

from http import HTTPStatus
from typing import Any, Final

from stagework.api import names
from stagework.api.batch import Batch, BatchSpec
from stagework.api.batch_answers import NewBatch, Reprocessed, ReprocessRequest
from stagework.api.batch_book import Selection, SelectRequest
from stagework.api.intervention import InterventionSpec, Target
from stagework.api.intervention_body import intervention_body
from stagework.api.kinds import BATCH, INTERVENTION, REPROCESS
from stagework.batches.books import Books
from stagework.batches.layout import BatchFolder
from stagework.web.auth.authorization import Authorization
from stagework.web.auth.identity import Caller
from stagework.web.batch_source import BatchSource
from stagework.web.batches.views import batch_from
from stagework.web.errors import ProblemError, bad_request
from stagework.web.queue.readers import user_of
from stagework.web.queue_source import NotWritten, QueueSource

_NAME_BEGIN: Final = "batch-"


class BatchRequests:
    """Carries out what people ask."""

    def __init__(
        self, source: BatchSource, queue: QueueSource, authorization: Authorization, books: Books
    ) -> None:
        self._source = source
        self._queue = queue
        self._authorization = authorization
        self._books = books

    async def require_create(
        self, caller: Caller, namespace: str, name: str = "", *, priority: int = 0
    ) -> None:
        """Raise unless the caller may make such a batch."""
        rights = self._authorization
        await rights.require_right(caller, "create", namespace, resource=BATCH.plural)
        if priority > 0:
            await rights.require_right(caller, "prioritize", namespace, name, resource=BATCH.plural)

    async def create(self, caller: Caller, given: NewBatch) -> Batch:
        """Make it; raises ProblemError."""
        name = given.name or ""
        await self.require_create(caller, given.namespace, name, priority=given.spec.priority)
        body = _batch_body(given.namespace, name, given.spec, user_of(caller).requester)
        try:
            made = batch_from(await self._source.create_batch(given.namespace, body))
        except NotWritten as error:
            raise _not_taken(error) from error
        if made is None:
            raise bad_request("the cluster's Batches are of another version than this service")
        return made

    async def reprocess(
        self, caller: Caller, batch: Batch, given: ReprocessRequest, *, dry_run: bool
    ) -> Reprocessed:
        """Have items run again, or only say which; raises ProblemError and BatchError."""
        meta = batch.metadata
        rights = self._authorization
        await rights.require_right(caller, "create", meta.namespace, resource=INTERVENTION.plural)
        verb = REPROCESS.lower()
        await rights.require_right(caller, verb, meta.namespace, meta.name, resource=BATCH.plural)
        answer = await self._preview(batch, given)
        if dry_run or not answer.affected:
            return answer
        spec = InterventionSpec(
            target=Target(kind=BATCH.kind, name=meta.name, uid=meta.uid),
            verb=REPROCESS,
            select=given.select,
            reason=given.reason,
            requestedBy=user_of(caller).requester,
        )
        body = intervention_body(batch.metadata, spec)
        try:
            made = await self._queue.create_intervention(meta.namespace, body)
        except NotWritten as error:
            raise _not_taken(error) from error
        return answer.model_copy(update={"intervention": made})

    async def verbs(self, caller: Caller, namespace: str) -> tuple[str, ...]:
        """What of batches in a namespace the person may ask for."""
        may, plural = self._authorization.may, BATCH.plural
        if not await may(caller, "create", namespace, resource=INTERVENTION.plural):
            return ()
        return tuple(
            [
                verb
                for verb in BATCH.verbs
                if await may(caller, verb.lower(), namespace, resource=plural)
            ]
        )

    async def _preview(self, batch: Batch, given: ReprocessRequest) -> Reprocessed:
        """By the code that the operator asks: of a batch that goes on, only what is handled."""
        select = given.select
        selection = Selection(
            states=list(select.states) if select.states is not None else None,
            ids=select.ids,
            allBut=select.allBut,
        )
        status = batch.status
        asked = SelectRequest(
            selection, atRest=status.ended and not status.open and not status.pieces
        )
        folder = BatchFolder(batch.metadata.namespace, batch.metadata.uid)
        after = batch.status.round + len(batch.status.waitingRounds) + 1
        answer = await self._books.select(folder, after, asked, dry_run=True)
        return Reprocessed(
            requested=answer.count + len(answer.unknown),
            affected=answer.count,
            unknown=answer.unknown,
        )


def _batch_body(namespace: str, name: str, spec: BatchSpec, requester: str) -> dict[str, Any]:
    named = {"name": name} if name else {"generateName": _NAME_BEGIN}
    return {
        "apiVersion": names.API_VERSION,
        "kind": BATCH.kind,
        "metadata": {
            **named,
            "namespace": namespace,
            "annotations": {names.ANNOTATION_REQUESTED_BY: requester},
        },
        "spec": spec.model_dump(mode="json", exclude_unset=True, by_alias=True),
    }


def _not_taken(error: NotWritten) -> ProblemError:
    status = HTTPStatus.CONFLICT if "already exists" in str(error) else HTTPStatus.BAD_REQUEST
    return ProblemError(status, f"the cluster does not take it: {error}")
