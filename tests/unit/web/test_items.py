"""Items for stage Pods: the range of their own run, and nothing beside it."""

import hashlib
from dataclasses import replace
from pathlib import Path

import obstore
import pytest
from obstore.store import MemoryStore

from stagework.settings import BatchSettings
from stagework.web.cluster import ItemRange
from tests.unit.web.batch_books import UID, Operator, in_order
from tests.unit.web.service import Service, running
from tests.unit.web.test_operator_batches import STORE

ADDRESS = f"artifact://team/batches/{UID}"


def pod(
    service: Service, start: int = 0, end: int = 2, *, uri: str = ADDRESS, owner: str = UID
) -> str:
    """Token of a Pod whose run works on these positions."""
    run = replace(service.cluster.run(), items=ItemRange(uri, 0, start, end), batch_uid=owner)
    service.cluster.runs["team", "ad"] = run
    return service.cluster.stage_pod(run, "ocr", "pod-1")


def test_a_pod_gets_the_items_of_its_range_in_their_order(service: Service) -> None:
    Operator(service).freeze_numbered(5)
    answer = service.ask("GET", "/v1/items", pod(service, 1, 4))
    assert answer.status == 200
    assert answer.json["round"] == 0
    found = [(item["position"], item["number"], item["id"]) for item in answer.json["items"]]
    numbers = in_order(5, range(1, 4))
    assert found == [(at, number, f"i{number}") for at, number in enumerate(numbers, 1)]


def test_content_is_given_of_own_items_alone(service: Service) -> None:
    alice = service.cluster.person("alice", ("create", "team"))
    contents = [b"zero", b"one", b"two"]
    uris = [
        service.ask("PUT", f"/v1/uploads/team/{n}.txt", alice, content).json["uri"]
        for n, content in enumerate(contents)
    ]
    Operator(service).freeze(inline=[{"uri": uri} for uri in uris])
    own, others = in_order(3, [0, 1]), in_order(3, [2])
    token = pod(service, 0, 2)
    for number in own:
        answer = service.ask("GET", f"/v1/items/{number}/content", token)
        assert (answer.status, answer.body) == (200, contents[number])
        assert answer.headers["x-stagework-name"] == f"{number}.txt"
    for number in (*others, 3, 10**9):
        assert service.ask("GET", f"/v1/items/{number}/content", token).status == 403


def test_an_item_of_params_alone_has_no_content(service: Service) -> None:
    Operator(service).freeze_numbered(2)
    answer = service.ask("GET", "/v1/items/0/content", pod(service))
    assert answer.status == 404
    assert "has params and no address" in answer.json["error"]


def test_an_upload_that_was_swept_is_404(service: Service) -> None:
    digest = hashlib.sha256(b"gone").hexdigest()
    Operator(service).freeze(inline=[{"uri": f"artifact://team/uploads/{digest}/x"}])
    assert service.ask("GET", "/v1/items/0/content", pod(service, 0, 1)).status == 404


def test_objects_of_a_store_are_streamed_and_no_key_goes_with_them(tmp_path: Path) -> None:
    bucket = MemoryStore()
    obstore.put(bucket, "in/a b.png", b"a picture")
    settings = BatchSettings(stores=(STORE,))
    with running(tmp_path / "volume", batches=settings, bucket=bucket) as service:
        Operator(service).freeze(s3={"store": "photos"})
        answer = service.ask("GET", "/v1/items/0/content", pod(service, 0, 1))
        assert (answer.status, answer.body) == (200, b"a picture")
        obstore.delete(bucket, "in/a b.png")
        gone = service.ask("GET", "/v1/items/0/content", pod(service, 0, 1))
        assert (gone.status, gone.json["reason"]) == (422, "SourceMissing")


def test_an_input_of_a_run_may_be_in_a_store_of_its_namespace(tmp_path: Path) -> None:
    bucket = MemoryStore()
    obstore.put(bucket, "in/a.png", b"a picture")
    obstore.put(bucket, "out/a.png", b"nobody's")
    settings = BatchSettings(stores=(STORE,))
    with running(tmp_path / "volume", batches=settings, bucket=bucket) as service:
        for uri, namespace, status in (
            ("s3://photos/in/a.png", "team", 200),
            ("s3://photos/out/a.png", "team", 403),
            ("s3://photos/in/../out/a.png", "team", 403),
            ("s3://photos/in/a.png", "other", 403),
        ):
            run = service.cluster.run(uri=uri, namespace=namespace, uid=f"run-{status}-{namespace}")
            token = service.cluster.stage_pod(run, "ocr", f"pod-{status}-{namespace}-{len(uri)}")
            assert service.ask("GET", "/v1/input", token).status == status, uri


@pytest.mark.parametrize(
    ("uri", "owner", "status"),
    [
        (ADDRESS, "", 200),
        (ADDRESS, "uid-other", 403),
        (ADDRESS.replace("//team/", "//other/"), UID, 403),
        ("artifact://team/batches/..", UID, 400),
        ("artifact://team/uploads/x", UID, 400),
        ("s3://team/batches/x", UID, 400),
        ("artifact://team/batches/uid-none", "", 409),
    ],
    ids=["own namespace", "another batch's run", "other namespace", "..", "upload", "s3", "none"],
)
def test_which_batch_a_run_may_name(service: Service, uri: str, owner: str, status: int) -> None:
    Operator(service).freeze_numbered(2)
    assert service.ask("GET", "/v1/items", pod(service, uri=uri, owner=owner)).status == status


def test_the_uid_of_another_namespaces_batch_opens_nothing(service: Service) -> None:
    Operator(service).freeze_numbered(2)
    assert service.ask("GET", "/v1/items", pod(service)).status == 200
    there = f"artifact://other/batches/{UID}"
    run = service.cluster.run(
        uri=f"{there}/ledger.jsonl", namespace="other", uid="run-other", name="spy"
    )
    run = replace(run, items=ItemRange(there, 0, 0, 2), batch_uid="")
    service.cluster.runs["other", "spy"] = run
    token = service.cluster.stage_pod(run, "ocr", "pod-other")
    asked = ("/v1/items", "/v1/items/0/content", "/v1/input")
    assert [service.ask("GET", path, token).status for path in asked] == [409, 409, 409]


def test_a_run_without_items_and_people_get_none(service: Service) -> None:
    Operator(service).freeze_numbered(2)
    plain = service.cluster.stage_pod(service.cluster.run(), "ocr", "pod-9")
    assert service.ask("GET", "/v1/items", plain).status == 404
    alice = service.cluster.person("alice", ("get", "team"))
    for path in ("/v1/items", "/v1/items/0/content"):
        assert service.ask("GET", path, alice).status == 403


def test_a_range_that_the_round_does_not_have_is_refused(service: Service) -> None:
    Operator(service).freeze_numbered(2)
    assert service.ask("GET", "/v1/items", pod(service, 0, 3)).status == 400


def test_the_run_afterwards_reads_the_ledger_as_its_input(service: Service) -> None:
    Operator(service).freeze_numbered(3)
    Operator(service).fold(0, 2)
    run = service.cluster.run(uri=f"{ADDRESS}/ledger.jsonl")
    answer = service.ask("GET", "/v1/input", service.cluster.stage_pod(run, "report", "pod-1"))
    assert answer.status == 200
    assert len(answer.body.splitlines()) == 3
    assert answer.headers["x-stagework-name"] == "ledger.jsonl"
    foreign = service.cluster.run("ad2", "other", "run-2", f"{ADDRESS}/ledger.jsonl")
    token = service.cluster.stage_pod(foreign, "report", "pod-2")
    assert service.ask("GET", "/v1/input", token).status == 403


def test_the_run_afterwards_reads_what_the_ledger_names_and_nothing_else(
    service: Service,
) -> None:
    operator = Operator(service)
    operator.freeze_numbered(3)
    operator.fold(0, 2, child={"name": "c", "uid": "child-1"})
    for child in ("child-1", "child-2"):
        folder = service.root / "team" / child / "ocr" / "1-pod"
        folder.mkdir(parents=True)
        (folder / "a.txt").write_text("text")
    run = replace(service.cluster.run(uri=f"{ADDRESS}/ledger.jsonl"), batch_uid=UID)
    service.cluster.runs["team", "ad"] = run
    token = service.cluster.stage_pod(run, "report", "pod-1")
    path = "/v1/artifacts/team/child-1/ocr/1-pod/a.txt"
    assert service.ask("GET", path, token).body == b"text"
    assert service.ask("GET", path.replace("child-1", "child-2"), token).status == 403
    service.cluster.runs["team", "ad"] = replace(run, batch_uid="")
    assert service.ask("GET", path, token).status == 403, "nobody's batch"
    chunk = replace(run, input_uri="", items=ItemRange(ADDRESS, 0, 0, 1))
    service.cluster.runs["team", "ad"] = chunk
    assert service.ask("GET", path, token).status == 403, "a chunk reads no other one's"
