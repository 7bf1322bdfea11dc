"""What the operator sends about a batch, and what it makes of the answers, over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
import pytest_asyncio
from aiohttp import web

from stagework.api.batch import FrozenManifest
from stagework.plans.batch.snapshot import ItemsQuestion, ItemsRefused, Priors, SelectQuestion
from stagework.service_client.batches import BatchRef, ServiceBatches, UnderWay
from stagework.service_client.results import LookupFailed
from tests.support.batches.conformance import fold

BATCH = BatchRef("team", "batch-1")


@dataclass
class Service:
    """Answers every request alike, and notes it."""

    url: str = ""
    status: int = 200
    answer: Any = field(default_factory=dict[str, Any])
    asked: list[tuple[str, str, Any]] = field(default_factory=list[tuple[str, str, Any]])

    async def handle(self, request: web.BaseRequest) -> web.Response:
        body = await request.read()
        self.asked.append((request.method, request.path_qs, orjson.loads(body) if body else None))
        text = self.answer if isinstance(self.answer, bytes) else orjson.dumps(self.answer)
        return web.Response(status=self.status, body=text)


@pytest_asyncio.fixture
async def service() -> AsyncIterator[Service]:
    made = Service()
    runner = web.ServerRunner(web.Server(made.handle))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


def client(service: Service) -> ServiceBatches:
    return ServiceBatches(service.url, lambda: "token", timeout_seconds=60)


async def test_a_frozen_list_is_cut_to_the_statuss_limits(service: Service) -> None:
    service.answer = {
        "total": 100,
        "sha256": "0f",
        "duplicates": [*range(50)],
        "unreadable": [{"line": 3, "reason": "no\njson " + "x" * 200}],
        "unreadableCount": 7,
    }
    frozen = await client(service).freeze(BATCH, "many", {"manifest": "s3://b/list"})
    assert isinstance(frozen, FrozenManifest)
    assert (frozen.total, frozen.duplicateCount, frozen.unreadableCount) == (100, 50, 7)
    assert len(frozen.duplicates) == 20
    assert frozen.unreadable[0].reason.startswith("no json xxx")
    body = {"name": "many", "source": {"manifest": "s3://b/list"}}
    assert service.asked == [("PUT", "/v1/operator/batches/team/batch-1/manifest", body)]


async def test_one_that_is_being_frozen_or_refused_is_said_so(service: Service) -> None:
    service.status, service.answer = 202, {"state": "Freezing", "items_so_far": 12}
    assert await client(service).freeze(BATCH, "many", {}) == UnderWay(12)
    service.status, service.answer = 422, {"reason": "TooManyItems", "detail": "1,000,001 items"}
    refused = ItemsRefused("TooManyItems", "1,000,001 items")
    assert await client(service).freeze(BATCH, "many", {}) == refused


async def test_a_choice_names_its_request_and_whether_anything_runs(service: Service) -> None:
    service.answer = {"count": 7, "unknown": ["i9"]}
    question = SelectQuestion(2, "request-1", states=("Failed",), at_rest=True)
    selected = await client(service).select(BATCH, question)
    assert (selected.count, selected.unknown) == (7, ("i9",))
    body = {"select": {"states": ["Failed"]}, "request": "request-1", "atRest": True}
    assert service.asked == [("POST", "/v1/operator/batches/team/batch-1/rounds/2", body)]


async def test_items_come_with_their_params(service: Service) -> None:
    service.answer = {"items": [{"number": 3, "id": "i3", "uri": None, "params": {"a": "b"}}]}
    (item,) = (await client(service).items(BATCH, ItemsQuestion(0, 0, 64))).items
    assert (item.number, item.id, item.uri, item.params) == (3, "i3", "", {"a": "b"})
    assert service.asked[0][1].endswith("/items?round=0&from=0&to=64")


async def test_what_a_chunk_has_come_to_is_told_and_counted(service: Service) -> None:
    sample = {"id": "i" * 200, "reason": "Bad picture", "message": "x" * 500}
    service.answer = {
        "done": 4,
        "failed": -1,
        "skipped": 0,
        "known": 4,
        "suspect": 7,
        "firstToLastSeconds": 12,
        "samples": [sample],
    }
    folded = await client(service).fold(BATCH, fold(5, 5))
    assert (folded.done, folded.failed, folded.known, folded.suspect) == (4, -1, 4, 7)
    assert folded.span_seconds == 12.0
    assert folded.samples[0].reason == "Badpicture"
    assert (len(folded.samples[0].id), len(folded.samples[0].message)) == (64, 64)
    (_, path, body) = service.asked[0]
    assert path.endswith("/folds")
    assert body["origin"] == {"start": 5, "count": 5}
    assert (body["outcome"], body["final"]) == ("Succeeded", True)


async def test_costs_that_make_no_sense_are_none(service: Service) -> None:
    costs = {"fixedSeconds": 3, "itemSeconds": 0.5}
    service.answer = {"machines": {"gpu": costs, "odd": {"itemSeconds": 0}, "none": 3}}
    priors = await client(service).history(BATCH, "plain", "1")
    assert {*priors.by_machine} == {"gpu"}


async def test_a_service_that_keeps_no_costs_has_answered(service: Service) -> None:
    service.status, service.answer = 404, {"title": "Not Found"}
    assert await client(service).history(BATCH, "plain", "1") == Priors()


@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
async def test_all_else_is_no_answer(service: Service, status: int) -> None:
    service.status, service.answer = status, {"detail": "the volume is away"}
    with pytest.raises(LookupFailed, match=f"the volume is away .HTTP {status}."):
        await client(service).fold(BATCH, fold(0, 5))
    with pytest.raises(LookupFailed):
        await client(service).freeze(BATCH, "many", {})


async def test_nobody_there_and_no_json_are_no_answer_either(service: Service) -> None:
    service.answer = b"<html>"
    with pytest.raises(LookupFailed, match="no JSON"):
        await client(service).fold(BATCH, fold(0, 5))
    away = ServiceBatches("http://127.0.0.1:1", lambda: "token", timeout_seconds=60)
    with pytest.raises(LookupFailed, match="does not answer"):
        await away.fold(BATCH, fold(0, 5))
