"""Batches for people: rights, pages, requests, the ledger."""

import asyncio
import csv
import io
import json
from typing import Any

import pytest

from tests.support.history.facts import judged_batches
from tests.unit.web.batch_books import UID, Operator, in_order
from tests.unit.web.service import Answer, Service

SPEC: dict[str, Any] = {
    "pipelineRef": {"name": "ad-image"},
    "items": {"from": {"pipelineJob": "pages", "stage": "split", "path": "pages.jsonl"}},
    "chunkSize": 5,
}
RUNNING: dict[str, Any] = {
    "summary": "Running",
    "message": "47 of 100 items are handled",
    "total": 100,
    "done": 45,
    "failed": 2,
    "running": 16,
    "percent": "47.0",
    "itemsPerMinute": "12.5",
    "eta": "4m..5m",
    "etaSeconds": {"p50": 254, "p90": 300},
    "chunks": {"completed": 4, "failed": 1, "open": 2},
    "size": {"items": 10, "reason": "Limit"},
    "startTime": "2026-11-30T12:00:00Z",
    "failedSamples": [{"id": "7.png", "reason": "BadPicture", "message": "cut off"}],
}
ENDED = {
    "type": "Succeeded",
    "status": "True",
    "reason": "CompletedWithFailures",
    "lastTransitionTime": "2026-11-30T12:00:00Z",
}
READER = (("list batches", "team"), ("get batches", "team"))
WRITER = (*READER, ("create batches", "team"), ("create interventions", "team"))


def post(service: Service, path: str, token: str, body: Any) -> Answer:
    kind = {"Content-Type": "application/json"}
    return service.ask("POST", path, token, json.dumps(body).encode(), kind)


@pytest.fixture
def reader(service: Service) -> str:
    """Token of somebody who may list and get batches in `team`."""
    return service.cluster.person("ann", *READER)


def test_one_batch_has_its_live_numbers(service: Service, reader: str) -> None:
    service.cluster.batches.put(**RUNNING)
    answer = service.ask("GET", "/v1/batches/team/photos", reader)
    assert answer.status == 200
    row = answer.json["batch"]
    assert {
        key: row[key] for key in ("state", "total", "done", "failed", "skipped", "running")
    } == {
        "state": "Running",
        "total": 100,
        "done": 45,
        "failed": 2,
        "skipped": 0,
        "running": 16,
    }
    assert (row["percent"], row["etaSeconds"], row["chunkSize"]) == (
        47.0,
        {"p50": 254, "p90": 300},
        10,
    )
    assert (row["chunksOpen"], row["chunksFailed"], row["succeeded"]) == (2, 1, None)
    assert answer.json["failedSamples"][0]["id"] == "7.png"
    assert answer.json["spec"]["pipelineRef"] == {"name": "ad-image"}


def test_one_that_goes_on_says_what_estimates_of_its_pipeline_were_worth(
    service: Service, reader: str
) -> None:
    service.cluster.batches.put(**RUNNING)
    for pipeline in ("ad-image", "measure"):
        facts = judged_batches(20, mark=25, true_seconds=300, name=pipeline, pipeline=pipeline)
        asyncio.run(service.history.record(facts))

    (error,) = service.ask("GET", "/v1/batches/team/photos", reader).json["pastEstimates"]
    assert (error["percent"], error["batches"]) == (25, 20)

    service.history.away = True
    away = service.ask("GET", "/v1/batches/team/photos", reader)
    assert (away.status, away.json["pastEstimates"]) == (200, [])


def test_a_batch_that_one_may_not_get_is_403_and_one_that_is_not_there_404(
    service: Service, reader: str
) -> None:
    service.cluster.batches.put(namespace="other")
    answer = service.ask("GET", "/v1/batches/other/photos", reader)
    assert answer.status == 403
    assert answer.json["detail"] == "you may not get batches in namespace 'other'"
    assert service.ask("GET", "/v1/batches/team/none", reader).status == 404


def test_pods_and_programs_see_no_batches(service: Service) -> None:
    pod = service.cluster.stage_pod(service.cluster.run(), "ocr", "pod-1")
    assert service.ask("GET", "/v1/batches", pod).status == 403


def test_a_batch_of_another_version_hides_none_of_the_others(service: Service, reader: str) -> None:
    service.cluster.batches.put("good", **RUNNING)
    service.cluster.batches.put("newer")["spec"] = {"pipelineRef": {"name": "x"}, "warp": 9}
    listed = service.ask("GET", "/v1/batches?namespace=team", reader).json["batches"]
    assert [row["name"] for row in listed] == ["good"]
    assert service.ask("GET", "/v1/batches/team/newer", reader).status == 400


def test_the_list_shows_the_newest_first_of_namespaces_that_one_may_list(
    service: Service, reader: str
) -> None:
    for name, namespace in (("a", "team"), ("b", "other"), ("c", "team")):
        service.cluster.batches.put(name, namespace, **RUNNING)
    listed = service.ask("GET", "/v1/batches", reader).json
    assert [row["name"] for row in listed["batches"]] == ["c", "a"]
    ops = service.cluster.person("ops", ("list batches", ""))
    everything = service.ask("GET", "/v1/batches", ops).json
    assert [row["name"] for row in everything["batches"]] == ["c", "b", "a"]
    assert service.ask("GET", "/v1/batches?namespace=other", reader).status == 403
    assert service.ask("GET", "/v1/batches?namespace=*", reader).status == 400


def test_the_list_comes_in_pages_and_by_state(service: Service, reader: str) -> None:
    for number in range(5):
        service.cluster.batches.put(f"b{number}", **RUNNING)
    service.cluster.batches.put("done", **{**RUNNING, "summary": "Completed"})
    seen: list[str] = []
    after = ""
    while True:
        path = f"/v1/batches?namespace=team&limit=2&state=Running&after={after}"
        page = service.ask("GET", path, reader).json
        seen += [row["name"] for row in page["batches"]]
        after = page["next"]
        if not after:
            break
    assert seen == ["b4", "b3", "b2", "b1", "b0"]
    assert service.ask("GET", "/v1/batches?after=nonsense", reader).status == 400


def test_items_come_in_pages_and_by_state(service: Service, reader: str) -> None:
    service.cluster.batches.put(uid=UID, **RUNNING)
    operator = Operator(service)
    operator.freeze_numbered(7)
    operator.fold(0, 3, outcome="Failed", reason="ExitCode")
    path = "/v1/batches/team/photos/items"
    first = service.ask("GET", f"{path}?state=Failed&limit=2", reader).json
    rest = service.ask("GET", f"{path}?state=Failed&limit=2&after={first['next']}", reader).json
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)
    assert {item["reason"] for item in first["items"]} == {"ExitCode"}
    both = service.ask("GET", f"{path}?state=Failed&state=Waiting", reader).json
    assert [item["number"] for item in both["items"]] == list(range(7))
    bad = service.ask("GET", f"{path}?state=Broken", reader)
    assert (bad.status, bad.json["hint"]) == (400, "Done, Failed, Skipped, Waiting")


def test_items_of_a_batch_that_is_not_frozen_are_not_known_yet(
    service: Service, reader: str
) -> None:
    service.cluster.batches.put(uid=UID)
    answer = service.ask("GET", "/v1/batches/team/photos/items", reader)
    assert (answer.status, answer.json["reason"]) == (409, "NotFrozen")


def test_the_ledger_is_one_file_of_lines_or_a_table(service: Service, reader: str) -> None:
    service.cluster.batches.put(uid=UID, **RUNNING)
    operator = Operator(service)
    inline = [{"id": name, "params": {"p": "x"}} for name in ("=1+1", "a,b", "신발")]
    operator.freeze(inline=inline)
    operator.fold(0, 3)
    lines = service.ask("GET", "/v1/batches/team/photos/ledger.jsonl", reader)
    assert [json.loads(line)["id"] for line in lines.body.splitlines()] == ["=1+1", "a,b", "신발"]
    table = service.ask("GET", "/v1/batches/team/photos/ledger.csv", reader)
    rows = list(csv.DictReader(io.StringIO(table.body.decode())))
    assert [row["id"] for row in rows] == ["'=1+1", "a,b", "신발"], "no formula in a cell"
    assert {row["state"] for row in rows} == {"Done"}
    assert table.headers["content-disposition"] == "attachment"


def test_a_batch_is_made_as_it_was_written_for_who_may(service: Service) -> None:
    ann = service.cluster.person("ann", *WRITER)
    answer = post(service, "/v1/batches", ann, {"namespace": "team", "name": "p", "spec": SPEC})
    assert answer.status == 201, answer.body
    assert answer.json["batch"]["name"] == "p"
    (made,) = service.cluster.batches.made
    assert (made["kind"], made["apiVersion"]) == ("Batch", "stagework.dev/v1alpha1")
    assert made["spec"] == SPEC
    assert made["metadata"] == {
        "name": "p",
        "namespace": "team",
        "annotations": {"stagework.dev/requested-by": "ann"},
    }


def test_a_batch_without_a_name_gets_one(service: Service) -> None:
    ann = service.cluster.person("ann", *WRITER)
    answer = post(service, "/v1/batches", ann, {"namespace": "team", "spec": SPEC})
    assert answer.json["batch"]["name"] == "batch-1"


def test_who_may_not_create_batches_makes_none(service: Service, reader: str) -> None:
    answer = post(service, "/v1/batches", reader, {"namespace": "team", "spec": SPEC})
    assert answer.status == 403
    assert answer.json["detail"] == "you may not create batches in namespace 'team'"
    assert service.cluster.batches.made == []


def test_a_priority_needs_the_right_that_admission_would_ask(service: Service) -> None:
    body = {"namespace": "team", "spec": SPEC | {"priority": 10}}
    ann = service.cluster.person("ann", *WRITER)
    answer = post(service, "/v1/batches", ann, body)
    assert (answer.status, "prioritize" in answer.json["detail"]) == (403, True)
    ops = service.cluster.person("ops", *WRITER, ("prioritize batches", "team"))
    assert post(service, "/v1/batches", ops, body).status == 201
    low = {"namespace": "team", "spec": SPEC | {"priority": -5}}
    assert post(service, "/v1/batches", ann, low).status == 201


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"chunkSize": 0}, "chunkSize"),
        ({"chunkSize": 1001}, "chunkSize"),
        ({"items": {"inline": []}}, "inline"),
        ({"items": {"inline": [{"uri": "s3://x/y"}] * 1001}}, "inline"),
        ({"stages": []}, "stages"),
        ({"parallelism": 257}, "parallelism"),
    ],
)
def test_a_spec_that_cannot_be_is_refused_with_its_place(
    service: Service, change: dict[str, Any], place: str
) -> None:
    ann = service.cluster.person("ann", *WRITER)
    answer = post(service, "/v1/batches", ann, {"namespace": "team", "spec": SPEC | change})
    assert answer.status == 400
    assert place in answer.json["detail"]
    assert service.cluster.batches.made == []


@pytest.mark.parametrize(
    ("refusal", "status"),
    [('batches "p" already exists', 409), ("spec.items: give exactly one of inline", 400)],
)
def test_what_the_api_server_says_is_passed_on(service: Service, refusal: str, status: int) -> None:
    service.cluster.batches.refusal = refusal
    ann = service.cluster.person("ann", *WRITER)
    answer = post(service, "/v1/batches", ann, {"namespace": "team", "name": "p", "spec": SPEC})
    assert (answer.status, refusal in answer.json["detail"]) == (status, True)


def failed_batch(service: Service, **status: Any) -> None:
    service.cluster.batches.put(uid=UID, **{**RUNNING, **status})
    operator = Operator(service)
    operator.freeze_numbered(6)
    operator.fold(0, 4, outcome="Failed", reason="ExitCode")


def test_a_reprocess_is_an_intervention_and_its_preview_writes_nothing(service: Service) -> None:
    failed_batch(service)
    ann = service.cluster.person("ann", *WRITER, ("reprocess batches", "team"))
    path = "/v1/batches/team/photos/reprocess"
    preview = post(service, f"{path}?dry_run=true", ann, {})
    assert preview.json == {"requested": 4, "affected": 4, "unknown": [], "intervention": ""}
    assert service.cluster.queue.made == []
    bad = [f"i{number}" for number in in_order(6, range(2))]
    select = {"ids": [*bad, "i9"]}
    done = post(service, path, ann, {"select": select, "reason": "new font"})
    assert done.json == {
        "requested": 3,
        "affected": 2,
        "unknown": ["i9"],
        "intervention": "made-1",
    }
    (made,) = service.cluster.queue.made
    assert made["spec"] == {
        "target": {"kind": "Batch", "name": "photos", "uid": UID},
        "verb": "Reprocess",
        "select": select,
        "reason": "new font",
        "requestedBy": "ann",
    }


def test_all_but_the_done_are_the_handled_ones_while_it_goes_on_and_the_rest_after(
    service: Service,
) -> None:
    ann = service.cluster.person("ann", *WRITER, ("reprocess batches", "team"))
    path = "/v1/batches/team/photos/reprocess?dry_run=true"
    failed_batch(service)
    assert post(service, path, ann, {"select": {"allBut": "Done"}}).json["affected"] == 4
    ended: dict[str, Any] = {**RUNNING, "conditions": [ENDED]}
    service.cluster.batches.put(uid=UID, **ended)
    service.clock.now += 2
    assert post(service, path, ann, {"select": {"allBut": "Done"}}).json["affected"] == 6


@pytest.mark.parametrize("lacking", ["create interventions", "reprocess batches"])
def test_a_reprocess_needs_every_right_that_admission_would_ask(
    service: Service, lacking: str
) -> None:
    failed_batch(service)
    rights = {*READER, ("create interventions", "team"), ("reprocess batches", "team")}
    token = service.cluster.person("bob", *(rights - {(lacking, "team")}))
    answer = post(service, "/v1/batches/team/photos/reprocess", token, {})
    verb, resource = lacking.split()
    assert answer.json["detail"] == f"you may not {verb} {resource} in namespace 'team'"
    assert service.cluster.queue.made == []


def test_a_reprocess_of_nothing_writes_nothing(service: Service) -> None:
    failed_batch(service)
    ann = service.cluster.person("ann", *WRITER, ("reprocess batches", "team"))
    body = {"select": {"states": ["Skipped"]}}
    answer = post(service, "/v1/batches/team/photos/reprocess", ann, body)
    assert answer.json == {"requested": 0, "affected": 0, "unknown": [], "intervention": ""}
    assert service.cluster.queue.made == []
