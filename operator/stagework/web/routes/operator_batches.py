"""The books of a batch, for the operator alone: manifest, rounds, items, folds.

Every question may come again: what was done is found done. 422 with a `reason` is final; 503 says
that files, tables or a store of items are out of reach, and the operator asks again.
"""

from collections.abc import Awaitable
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar

import msgspec
from fastapi import APIRouter, Query, Request, Response

from stagework.api.batch_book import (
    MAX_ITEMS,
    FoldRequest,
    FreezeRequest,
    HistoryAnswer,
    SelectRequest,
)
from stagework.api.history import LikeBatches
from stagework.batches.away import AWAY
from stagework.batches.costs import costs_of
from stagework.batches.freezing import StillFreezing
from stagework.batches.layout import BatchFolder
from stagework.overview.earlier_batches import earlier_of
from stagework.policies.chunks.earlier import MARKS, ratios
from stagework.web import bodies
from stagework.web.artifact_path import checked_namespace, checked_uid
from stagework.web.errors import ProblemError, bad_request
from stagework.web.routes.services import OPERATOR_ONLY, ServicesParam

router = APIRouter(
    prefix="/v1/operator/batches/{namespace}/{batch_uid}", dependencies=[OPERATOR_ONLY]
)

BODY_MAX_BYTES: Final = 8 * 1024 * 1024
"""A list that stands in an object or a ConfigMap is smaller."""
ASKED_MAX: Final = 256
"""Items that one answer gives."""
LIKE_CHUNKS: Final = 400
"""So many of the last chunks of a pipeline say what one costs, of all its classes together."""
LIKE_BATCHES: Final = 100
"""So many of its last batches say what an estimate is worth."""

AnswerT = TypeVar("AnswerT")
BodyT = TypeVar("BodyT")


@router.put("/manifest", response_class=Response)
async def freeze(
    namespace: str, batch_uid: str, request: Request, services: ServicesParam
) -> Response:
    """Freeze the list of items; 202 until that is done."""
    folder = _folder(namespace, batch_uid)
    given = await _body(request, FreezeRequest)
    frozen = await _reached(services.batches.freezer.freeze(folder, given))
    if isinstance(frozen, StillFreezing):
        body = {"state": "Freezing", "items_so_far": frozen.items}
        return _json(body, HTTPStatus.ACCEPTED)
    return _json(frozen)


@router.post("/rounds/{round_number}", response_class=Response)
async def select(
    namespace: str,
    batch_uid: str,
    round_number: int,
    request: Request,
    services: ServicesParam,
    *,
    dry_run: bool = False,
) -> Response:
    """Freeze a later round; with `dry_run` only count."""
    folder = _folder(namespace, batch_uid)
    if not 0 < round_number <= MAX_ITEMS:
        raise bad_request(f"not a later round: {round_number}")
    given = await _body(request, SelectRequest)
    selected = services.batches.books.select(folder, round_number, given, dry_run=dry_run)
    return _json(await _reached(selected))


@router.get("/items", response_class=Response)
async def items(
    namespace: str,
    batch_uid: str,
    services: ServicesParam,
    *,
    round_number: Annotated[int, Query(alias="round", ge=0, le=MAX_ITEMS)],
    start: Annotated[int, Query(alias="from", ge=0, le=MAX_ITEMS)],
    end: Annotated[int, Query(alias="to", ge=0, le=MAX_ITEMS)],
) -> Response:
    """Items at these positions, 256 at most."""
    folder = _folder(namespace, batch_uid)
    if end - start > ASKED_MAX:
        raise bad_request(f"more than {ASKED_MAX} positions at once")
    placed = await _reached(services.batches.books.placed(folder, round_number, start, end))
    return _json({"items": placed})


@router.post("/folds", response_class=Response)
async def fold(
    namespace: str, batch_uid: str, request: Request, services: ServicesParam
) -> Response:
    """Count what became of a chunk, once."""
    folder = _folder(namespace, batch_uid)
    given = await _body(request, FoldRequest)
    heard = services.heartbeats.item_of(given.child.uid)
    return _json(await _reached(services.batches.books.fold(folder, given, heard)))


@router.get("/history", response_class=Response)
async def history(
    namespace: str,
    batch_uid: str,
    services: ServicesParam,
    *,
    pipeline: Annotated[str, Query(max_length=253)],
    revision: Annotated[str, Query(max_length=63)],
) -> Response:
    """What earlier batches of that pipeline have cost, and how long they took against what was
    said; nothing of this one.
    """
    folder = _folder(namespace, batch_uid)
    like = LikeBatches(folder.namespace, pipeline, revision, LIKE_CHUNKS)
    costs = await _reached(costs_of(services.history.items, like, but=folder.uid))
    ended = await _reached(services.history.batches_like(like._replace(limit=LIKE_BATCHES)))
    earlier = [one for fact in ended if fact.uid != folder.uid and (one := earlier_of(fact))]
    found = {str(mark): ratios(earlier, mark) for mark in MARKS}
    return _json(HistoryAnswer(costs, {mark: values for mark, values in found.items() if values}))


def _folder(namespace: str, uid: str) -> BatchFolder:
    return BatchFolder(checked_namespace(namespace), checked_uid(uid))


async def _body(request: Request, kind: type[BodyT]) -> BodyT:
    raw = await bodies.small_body(request, BODY_MAX_BYTES)
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise bad_request(f"not what is asked here: {error}") from error


async def _reached(answer: Awaitable[AnswerT]) -> AnswerT:
    try:
        return await answer
    except AWAY as error:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"the batch's files are out of reach: {error}",
            "ask again",
            {"Retry-After": "5"},
            reason="ArtifactsUnavailable",
        ) from error


def _json(answer: Any, status: int = HTTPStatus.OK) -> Response:
    return Response(msgspec.json.encode(answer), status, media_type="application/json")
