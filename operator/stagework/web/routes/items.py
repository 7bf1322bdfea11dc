"""Items of a batch for the stage Pods of its runs: the range of the caller's own run, no other.

Which range that is stands in the run's spec, found along recorded uids as every right of a Pod. It
names a batch of the run's own namespace, which is all that a run there could name as its input.
"""

import msgspec
from fastapi import APIRouter, Response

from stagework.api.batch_book import PlacedItem
from stagework.batches.layout import BatchFolder, folder_of
from stagework.web.auth.identity import StagePod
from stagework.web.cluster import ItemRange
from stagework.web.errors import bad_request, forbidden, not_found
from stagework.web.routes import named_content
from stagework.web.routes.services import Services, ServicesParam, StagePodParam

router = APIRouter()


@router.get("/v1/items", response_class=Response)
async def own_items(caller: StagePodParam, services: ServicesParam) -> Response:
    """The items on which the caller's run works, in the round's order."""
    _, given, placed = await _placed(services, caller)
    body = msgspec.json.encode({"round": given.round, "items": placed})
    return Response(body, media_type="application/json")


@router.get("/v1/items/{number}/content", response_class=Response)
async def item_content(number: int, caller: StagePodParam, services: ServicesParam) -> Response:
    """What one of them names, by the rules of `/v1/input`."""
    folder, _, placed = await _placed(services, caller)
    item = next((item for item in placed if item.number == number), None)
    if item is None:
        raise forbidden(f"item {number} is not one of this run's", "GET /v1/items lists them")
    if not item.uri:
        raise not_found(f"item {number} has params and no address")
    facts = await services.batches.books.facts(folder)
    return await named_content.content(services, item.uri, folder.namespace, beside=facts.beside)


async def _placed(
    services: Services, caller: StagePod
) -> tuple[BatchFolder, ItemRange, list[PlacedItem]]:
    run = await services.authorization.own_run(caller)
    if run.items is None:
        raise not_found("the run works on no items of a batch", "its input is at /v1/input")
    folder = folder_of(run.items.uri)
    if folder is None:
        raise bad_request(
            f"not a batch's address: {run.items.uri[:200]!r}",
            "the form is artifact://<namespace>/batches/<uid>",
        )
    if folder.namespace != run.namespace:
        raise forbidden(f"a batch must be of the run's own namespace, {run.namespace}")
    if run.batch_uid not in {"", folder.uid}:
        raise forbidden("these items belong to another batch than the run")
    given = run.items
    books = services.batches.books
    placed = await books.placed(folder, given.round, given.start, given.end)
    if len(placed) < given.end - given.start:
        raise bad_request(f"round {given.round} of the batch has no items up to {given.end}")
    return folder, given, placed
