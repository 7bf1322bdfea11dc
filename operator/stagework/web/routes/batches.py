"""Batches for people: the list, one whole, its items, a new one, a reprocess, the ledger."""

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Response

from stagework.api.batch import Batch
from stagework.api.batch_answers import (
    MAX_BATCHES,
    MAX_ITEMS_PAGE,
    BatchDetail,
    BatchItem,
    BatchList,
    ItemList,
    NewBatch,
    Reprocessed,
    ReprocessRequest,
)
from stagework.api.batch_book import MAX_ITEMS, STATES
from stagework.api.estimates import EstimateError
from stagework.api.history import Place, RunQuery, place_of, token_of
from stagework.batches.layout import LEDGER_CSV, LEDGER_JSONL, BatchFolder
from stagework.history.errors import HistoryError
from stagework.overview.batch_row import batch_detail, batch_row, order
from stagework.overview.earlier_batches import JUDGED, estimate_errors
from stagework.web.artifact_path import checked_namespace, checked_run_name
from stagework.web.errors import bad_request
from stagework.web.routes.ledger import ledger_response
from stagework.web.routes.services import CallerParam, Services, ServicesParam

router = APIRouter()

_ONE: Final = "/v1/batches/{namespace}/{name}"
_PLACE_WORDS: Final = 1

Text = Annotated[str, Query(max_length=512)]
States = Annotated[list[str] | None, Query(max_length=len(STATES))]


@router.get("/v1/batches")
async def batches(
    caller: CallerParam,
    services: ServicesParam,
    *,
    namespace: Text = "",
    state: Text = "",
    after: Annotated[str, Query(max_length=2048)] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_BATCHES)] = 100,
) -> BatchList:
    """Those that the caller may list, the newest first; `state`: only those that stand there."""
    where = checked_namespace(namespace) if namespace else ""
    try:
        place = place_of(after, _PLACE_WORDS)
    except ValueError:
        raise bad_request("not a place in this list", "use `next` of an answer") from None
    behind = (place.moment, place.words[0]) if place is not None else None
    listed = [
        batch
        for batch in await services.batches.views.listed(caller, where)
        if behind is None or order(batch) < behind
    ]
    rows = [row for row in map(batch_row, listed) if state in {"", row.state}]
    page = rows[:limit]
    more = Place(page[-1].created, (page[-1].uid,)) if len(rows) > limit else None
    return BatchList(batches=page, next=token_of(more))


@router.post("/v1/batches", status_code=201)
async def create(given: NewBatch, caller: CallerParam, services: ServicesParam) -> BatchDetail:
    """Make a Batch, with the caller's rights."""
    checked_namespace(given.namespace)
    return batch_detail(await services.batches.requests.create(caller, given))


@router.get(_ONE)
async def batch(
    namespace: str, name: str, caller: CallerParam, services: ServicesParam
) -> BatchDetail:
    """One batch with its live numbers."""
    found = await _one(services, caller, namespace, name)
    return batch_detail(found, await _past_estimates(services, found))


@router.get(_ONE + "/items")
async def items(
    namespace: str,
    name: str,
    caller: CallerParam,
    services: ServicesParam,
    *,
    state: States = None,
    after: Annotated[int, Query(ge=-1, le=MAX_ITEMS)] = -1,
    limit: Annotated[int, Query(ge=1, le=MAX_ITEMS_PAGE)] = 100,
) -> ItemList:
    """Items in the list's order; `state`, as often as wanted: only those in one of these."""
    wanted = state or []
    unknown = sorted(set(wanted) - set(STATES))
    if unknown:
        raise bad_request(f"{unknown[0][:60]!r} is no state of an item", ", ".join(STATES))
    folder = _folder(await _one(services, caller, namespace, name))
    await services.batches.books.facts(folder)
    page = await services.history.items.page(
        folder.uid, states=wanted, after=after, limit=limit + 1
    )
    shown = [BatchItem.model_validate(msgspec.structs.asdict(item)) for item in page[:limit]]
    return ItemList(items=shown, next=shown[-1].number if len(page) > limit else None)


@router.post(_ONE + "/reprocess")
async def reprocess(
    namespace: str,
    name: str,
    given: ReprocessRequest,
    caller: CallerParam,
    services: ServicesParam,
    *,
    dry_run: bool = False,
) -> Reprocessed:
    """Run items again, by an Intervention; with `dry_run` only say how many."""
    found = await _one(services, caller, namespace, name)
    return await services.batches.requests.reprocess(caller, found, given, dry_run=dry_run)


@router.get(_ONE + "/ledger.jsonl", response_class=Response)
async def ledger_jsonl(
    namespace: str, name: str, caller: CallerParam, services: ServicesParam
) -> Response:
    """Every item with what became of it, a line of JSON each."""
    folder = _folder(await _one(services, caller, namespace, name))
    return await ledger_response(services.batches.books, folder, LEDGER_JSONL)


@router.get(_ONE + "/ledger.csv", response_class=Response)
async def ledger_csv(
    namespace: str, name: str, caller: CallerParam, services: ServicesParam
) -> Response:
    """The same as a table."""
    folder = _folder(await _one(services, caller, namespace, name))
    return await ledger_response(services.batches.books, folder, LEDGER_CSV)


async def _one(services: Services, caller: Any, namespace: str, name: str) -> Batch:
    where = checked_namespace(namespace), checked_run_name(name)
    return await services.batches.views.one(caller, *where)


def _folder(known: Batch) -> BatchFolder:
    return BatchFolder(known.metadata.namespace, known.metadata.uid)


async def _past_estimates(services: Services, known: Batch) -> tuple[EstimateError, ...]:
    """Nothing while history is away: a batch is shown without it, too."""
    if known.status.etaSeconds is None:
        return ()
    meta, pipeline = known.metadata, known.spec.pipelineRef.name
    query = RunQuery(namespaces=(meta.namespace,), pipeline=pipeline, limit=JUDGED)
    try:
        return estimate_errors((await services.history.batches(query)).items)
    except HistoryError:
        return ()
