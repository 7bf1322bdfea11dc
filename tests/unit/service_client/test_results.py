"""What the operator learns of an attempt from the API service, over HTTP."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from stagework.plans.pipelinejob.snapshot import Lookup
from stagework.service_client.results import LookupFailed, ServiceResults, results_in
from tests.unit.web.service import Service, running

RESULT = {
    "outcome": "Failed",
    "reason": "R" * 100,
    "message": "two\nlines  " + "m" * 200,
    "counts": {"items": 9, "failed": 2},
    "skips": {"heads": "ItWasTails"},
}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A running service with an empty volume."""
    with running(tmp_path / "volume") as started:
        yield started


def results(service: Service, token: str = "") -> ServiceResults:
    """The client, as the operator where no other token is given."""
    proof = token or service.cluster.operator()
    return ServiceResults(f"{service.url}/", lambda: proof, timeout_seconds=60)


async def test_a_stored_result_is_found_and_cut_to_the_statuss_limits(service: Service) -> None:
    token = service.cluster.stage_pod(service.cluster.run(), "ocr", "pod-1")
    body = json.dumps(RESULT).encode()
    assert (
        service.put("/v1/artifacts/team/run-1/ocr/1-pod-1/result.json", token, body).status == 201
    )

    result = (await results(service).look_up("team", "run-1", "ocr", 1)).result

    assert result is not None
    assert (result.pod, result.outcome, len(result.digest)) == ("pod-1", "Failed", 64)
    assert result.reason == "R" * 63
    assert result.message == ("two lines " + "m" * 200)[:128]
    assert (result.items, result.failed_items) == (9, 2)
    assert result.skips == {"heads": "ItWasTails"}


async def test_an_attempt_without_a_result_has_none(service: Service) -> None:
    assert await results(service).look_up("team", "run-1", "ocr", 1) == Lookup(None)


async def test_five_hundred_questions_at_once_are_all_answered(service: Service) -> None:
    client = results(service)
    lookups = (client.look_up("team", "run-1", "ocr", number) for number in range(1, 501))
    assert await asyncio.gather(*lookups) == [Lookup(None)] * 500


async def test_a_refusal_and_no_answer_are_no_lookup(service: Service) -> None:
    stranger = service.cluster.person("alice")
    with pytest.raises(LookupFailed, match="HTTP 403"):
        await results(service, stranger).look_up("team", "run-1", "ocr", 1)
    away = ServiceResults("http://127.0.0.1:1", lambda: "token", timeout_seconds=60)
    with pytest.raises(LookupFailed):
        await away.look_up("team", "run-1", "ocr", 1)


async def test_a_token_that_cannot_be_read_is_no_lookup(service: Service) -> None:
    def unreadable() -> str:
        raise OSError("no token")

    with pytest.raises(LookupFailed, match="no token"):
        await ServiceResults(service.url, unreadable).look_up("team", "run-1", "ocr", 1)


ODD: list[object] = [
    None,
    [],
    {},
    {"results": None},
    {"results": {"pod": "p"}},
    {"results": "many"},
]


@pytest.mark.parametrize("document", ODD, ids=repr)
def test_an_answer_without_results_is_no_result(document: object) -> None:
    assert results_in(document) == []


@pytest.mark.parametrize(
    ("counts", "items", "odd"),
    [
        ([3], None, [3]),
        (-1, None, -1),
        ("x", None, "x"),
        (None, None, None),
        ({"items": "many"}, "many", None),
    ],
    ids=repr,
)
def test_odd_counts_are_handed_on_to_be_told(counts: object, items: object, odd: object) -> None:
    entry = {"pod": "p", "digest": "d", "result": {"outcome": "Succeeded", "counts": counts}}

    (found,) = results_in({"results": [entry]})

    assert (found.pod, found.outcome) == ("p", "Succeeded")
    assert (found.items, found.odd_counts) == (items, odd)


@pytest.mark.parametrize("entry", [None, [], 5, {"pod": 5, "digest": [], "result": []}], ids=repr)
def test_an_entry_that_is_no_result_says_nothing(entry: object) -> None:
    (found,) = results_in({"results": [entry]})

    assert (found.pod, found.digest, found.outcome) == ("", "", "")


def test_every_pod_of_the_attempt_is_handed_on() -> None:
    both = [{"pod": "p0"}, {"pod": "p1"}]

    assert [found.pod for found in results_in({"results": both})] == ["p0", "p1"]
