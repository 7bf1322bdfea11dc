"""A batch's books over HTTP, as the operator asks: manifest, rounds, items, folds."""

import json
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.store import MemoryStore

from stagework.settings import BatchSettings, ItemStoreSettings
from stagework.web.heartbeats import Heartbeat
from tests.support.history.facts import batch_fact, minute
from tests.unit.web.batch_books import BASE, Operator, fold_body, in_order
from tests.unit.web.service import Service, running

STORE = ItemStoreSettings(
    name="photos",
    endpoint="http://s3.example.org",
    bucket="photos",
    prefix="in/",
    accessKeyIdFile="/none",
    secretAccessKeyFile="/none",
    namespaces=("team",),
)


@pytest.fixture
def operator(service: Service) -> Operator:
    return Operator(service)


def test_a_manifest_is_frozen_once_and_answered_again(operator: Operator) -> None:
    first = operator.freeze_numbered(5)
    assert first.status == 200
    assert first.json["total"] == 5
    assert {"sha256", "duplicates", "unreadable", "duplicateCount"} <= set(first.json)
    assert operator.freeze(inline=[]).json == first.json
    assert operator.service.stored() == [
        "team/batches/uid-photos/manifest.json",
        "team/batches/uid-photos/manifest.jsonl",
    ]


def test_a_refusal_says_its_reason_and_what_to_change(operator: Operator) -> None:
    answer = operator.freeze(configMap="a.png\nb.png\n")
    assert answer.status == 422
    assert answer.json["reason"] == "ManifestUnreadable"
    assert "neither a JSON object nor a head of CSV" in answer.json["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"name": "x"}',
        b'{"name": "x", "source": {"inlin": []}}',
        b'{"name": 3, "source": {}}',
        b'{"name": "x", "source": {"inline": "y"}}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_request_is_400(operator: Operator, body: bytes) -> None:
    token = operator.service.cluster.operator()
    assert operator.service.ask("PUT", f"{BASE}/manifest", token, body).status == 400


def test_more_items_inline_than_an_object_may_have_are_no_request(operator: Operator) -> None:
    assert operator.freeze(inline=[{"params": {"p": "x"}}] * 1001).status == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/manifest"),
        ("POST", "/rounds/1"),
        ("GET", "/items?round=0&from=0&to=1"),
        ("POST", "/folds"),
    ],
)
def test_nobody_but_the_operator_asks_here(service: Service, method: str, path: str) -> None:
    alice = service.cluster.person("alice", ("get", "team"), ("create batches", "team"))
    pod = service.cluster.stage_pod(service.cluster.run(), "ocr", "pod-1")
    for token in (alice, pod):
        assert service.ask(method, BASE + path, token, b"{}").status == 403


@pytest.mark.parametrize("place", ["TEAM/uid", "team/..", "*/uid", "team/u%2Fid"])
def test_a_place_that_cannot_be_is_refused(operator: Operator, place: str) -> None:
    base = f"/v1/operator/batches/{place}"
    assert operator.ask("PUT", "/manifest", {}, base).status in {400, 404}


def test_items_are_given_by_their_positions(operator: Operator) -> None:
    operator.freeze_numbered(5)
    answer = operator.ask("GET", "/items?round=0&from=1&to=4")
    numbers = in_order(5, range(1, 4))
    assert answer.json == {
        "items": [
            {"position": at, "number": n, "id": f"i{n}", "uri": "", "params": {"page": str(n)}}
            for at, n in enumerate(numbers, 1)
        ]
    }


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("round=0&from=0&to=6", 200),
        ("round=0&from=9&to=10", 200),
        ("round=0&from=3&to=3", 400),
        ("round=1&from=0&to=1", 400),
        ("round=0&from=-1&to=1", 400),
        ("round=0&from=0&to=257", 400),
        ("round=0", 400),
    ],
)
def test_positions_that_are_not_there_are_refused(
    operator: Operator, query: str, status: int
) -> None:
    operator.freeze_numbered(5)
    assert operator.ask("GET", f"/items?{query}").status == status


def test_before_the_manifest_nothing_is_there(operator: Operator) -> None:
    answer = operator.ask("GET", "/items?round=0&from=0&to=1")
    assert (answer.status, answer.json["reason"]) == (409, "NotFrozen")


def test_a_fold_counts_once_and_a_reprocess_moves_its_counts(operator: Operator) -> None:
    operator.freeze_numbered(5)
    first = operator.fold(0, 5, outcome="Failed", reason="ExitCode", message="code 3")
    assert first.status == 200
    assert {key: first.json[key] for key in ("done", "failed", "skipped", "known")} == {
        "done": 0,
        "failed": 5,
        "skipped": 0,
        "known": 0,
    }
    assert len(first.json["samples"]) == 5
    assert operator.fold(0, 5).json == first.json
    preview = operator.ask("POST", "/rounds/1?dry_run=true", {"select": {"states": ["Failed"]}})
    assert preview.json == {"count": 5, "unknown": []}
    assert "team/batches/uid-photos/rounds/1.json" not in operator.service.stored()
    body = {"select": {"ids": ["i1", "nobody"]}, "request": "uid-1", "atRest": False}
    selected = operator.ask("POST", "/rounds/1", body)
    assert selected.json == {"count": 1, "unknown": ["nobody"]}
    again = operator.fold(0, 1, round=1, child={"name": "x", "uid": "child-2"})
    assert (again.json["done"], again.json["failed"]) == (1, -1)


@pytest.mark.parametrize("path", ["/rounds/0", "/rounds/-1", "/rounds/x"])
def test_the_first_round_is_not_selected(operator: Operator, path: str) -> None:
    operator.freeze_numbered(5)
    assert operator.ask("POST", path, {"select": {"states": ["Failed"]}}).status == 400


@pytest.mark.parametrize(
    "change",
    [{"count": 0}, {"start": 4, "count": 3}, {"round": 7}, {"attempt": 0}, {"stages": "x"}],
)
def test_a_fold_that_cannot_be_counts_nothing(operator: Operator, change: Any) -> None:
    operator.freeze_numbered(5)
    body = fold_body(0, 5) | change
    assert operator.ask("POST", "/folds", body).status == 400


def test_the_item_that_a_pod_last_named_is_the_suspect(operator: Operator) -> None:
    operator.freeze_numbered(5)
    cluster = operator.service.cluster
    run = cluster.run(uid="child-1")
    token = cluster.stage_pod(run, "ocr", "pod-1")
    number = in_order(5, [3])[0]
    body = json.dumps({"done": 3, "total": 5, "item": number}).encode()
    assert operator.service.ask("POST", "/v1/heartbeats", token, body).status == 204
    failed = {"final": False, "outcome": "Failed", "reason": "OOMKilled"}
    assert operator.fold(0, 5, **failed).json["suspect"] == 3
    other = {"name": "x", "uid": "child-9"}
    assert operator.fold(0, 5, **failed, child=other).json["suspect"] is None


def test_a_heartbeat_without_an_item_is_as_before() -> None:
    assert Heartbeat(done=1).item is None


def test_while_the_tables_are_away_the_operator_asks_again(operator: Operator) -> None:
    operator.freeze_numbered(5)
    operator.service.history.away = True
    answer = operator.fold(0, 5)
    assert (answer.status, answer.json["reason"]) == (503, "ArtifactsUnavailable")
    operator.service.history.away = False
    assert operator.fold(0, 5).json["done"] == 5


def test_while_the_volume_is_full_the_operator_asks_again(tmp_path: Path) -> None:
    with running(tmp_path / "volume", maxFileBytes=10**9) as service:
        (tmp_path / "volume" / ".incoming").rmdir()
        answer = Operator(service).freeze_numbered(5)
        assert (answer.status, answer.json["reason"]) == (503, "ArtifactsUnavailable")


def test_a_stores_objects_become_items_below_its_prefix_alone(tmp_path: Path) -> None:
    bucket = MemoryStore()
    for key in ("in/a.png", "in/b.png", "out/c.png"):
        obstore.put(bucket, key, b"x")
    settings = BatchSettings(stores=(STORE,))
    with running(tmp_path / "volume", batches=settings, bucket=bucket) as service:
        operator = Operator(service)
        assert operator.freeze(s3={"store": "photos", "suffix": ".png"}).json["total"] == 2
        items = operator.ask("GET", "/items?round=0&from=0&to=2").json["items"]
        assert sorted(item["uri"] for item in items) == [
            "s3://photos/in/a.png",
            "s3://photos/in/b.png",
        ]
        missing = operator.ask(
            "PUT",
            "/manifest",
            {"name": "x", "source": {"s3": {"store": "other"}}},
            "/v1/operator/batches/team/uid-2",
        )
        assert (missing.status, missing.json["reason"]) == (422, "StoreUnknown")


COSTS = {"pipeline": "shoes", "revision": "3", "machine": "gpu"}
HISTORY = "/history?pipeline=shoes&revision=3"
OTHER = "/v1/operator/batches/team/uid-next"


def test_earlier_chunks_tell_the_next_batch_what_one_costs(operator: Operator) -> None:
    operator.freeze_numbered(60)
    for start in range(0, 40, 10):
        stages = [{"name": "work", "state": "Succeeded", "machine": "gpu", "seconds": 20.0}]
        operator.fold(start, 10, stages=stages, **COSTS)
    answer = operator.ask("GET", HISTORY, base=OTHER).json
    (costs,) = answer["machines"].values()
    assert costs["fixedSeconds"] + 10 * costs["itemSeconds"] == pytest.approx(20.0)
    assert operator.ask("GET", HISTORY).json["machines"] == {}, "its own are measured already"
    assert operator.ask("GET", "/history?pipeline=shoes&revision=4", base=OTHER).json == {
        "machines": {},
        "ratios": {},
    }


def test_two_chunks_are_too_few_and_those_that_failed_tell_nothing(operator: Operator) -> None:
    operator.freeze_numbered(60)
    stages = [{"name": "work", "state": "Succeeded", "machine": "gpu", "seconds": 20.0}]
    for start in range(0, 50, 10):
        outcome = "Succeeded" if start < 20 else "Failed"
        operator.fold(start, 10, stages=stages, outcome=outcome, **COSTS)
    assert operator.ask("GET", HISTORY, base=OTHER).json["machines"] == {}


async def test_earlier_batches_tell_what_an_estimate_is_worth(operator: Operator) -> None:
    said = f"25 100.0 110 150 {int(minute(0).timestamp())}"
    like = {"pipeline": "shoes", "revision": "3", "estimates": said}
    await operator.service.history.record(
        [
            batch_fact("slow", ended=minute(5), **like),
            batch_fact("again", ended=minute(5), rounds=1, **like),
            batch_fact("stopped", ended=minute(5), state="Stopped", **like),
            batch_fact("uid-photos", ended=minute(9), **like),
        ]
    )
    assert operator.ask("GET", HISTORY).json["ratios"] == {"25": [3.0]}


async def test_while_history_is_away_it_says_so_and_nobody_waits(operator: Operator) -> None:
    operator.service.history.away = True
    assert operator.ask("GET", HISTORY).status == 503
