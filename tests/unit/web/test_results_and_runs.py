"""What the operator and the CLI ask for."""

import hashlib
import json

import pytest

from tests.unit.web.service import Service


def leave_result(service: Service, pod: str, attempt: int, raw: bytes) -> None:
    folder = service.root / f"team/run-1/ocr/{attempt}-{pod}"
    folder.mkdir(parents=True)
    (folder / "result.json").write_bytes(raw)
    (folder / "page.txt").write_text("text")


RESULTS = "/v1/results/team/run-1/ocr"


def test_the_operator_reads_the_results_of_one_attempt(service: Service) -> None:
    token = service.cluster.operator()
    raw = json.dumps({"v": 1, "outcome": "Succeeded"}).encode()
    leave_result(service, "pod-a", 1, raw)
    leave_result(service, "pod-b", 1, b"not json")
    leave_result(service, "pod-c", 12, raw)
    answer = service.ask("GET", f"{RESULTS}/1", token)
    assert answer.json == {
        "results": [
            {
                "pod": "pod-a",
                "digest": hashlib.sha256(raw).hexdigest(),
                "result": {"v": 1, "outcome": "Succeeded"},
            }
        ]
    }
    assert service.ask("GET", f"{RESULTS}/2", token).json == {"results": []}


@pytest.mark.parametrize("raw", [b"[" * 100_000, b"[]", b"", b"\xff", b"1" * 9_000_000])
def test_a_result_that_is_none_is_as_if_it_were_not_there(service: Service, raw: bytes) -> None:
    leave_result(service, "pod-a", 1, raw)
    answer = service.ask("GET", f"{RESULTS}/1", service.cluster.operator())
    assert (answer.status, answer.json) == (200, {"results": []})


@pytest.mark.parametrize(
    "path",
    [
        "team/run-1/ocr/0",
        "team/run-1/ocr/-1",
        "team/run-1/ocr/x",
        "team/run-1/O/1",
        "team/~/ocr/1",
        "*/run-1/ocr/1",
        "team/uploads/ocr/1",
    ],
)
def test_words_that_cannot_be_are_refused(service: Service, path: str) -> None:
    answer = service.ask("GET", f"/v1/results/{path}", service.cluster.operator())
    assert answer.status == 400


def test_results_and_heartbeats_are_the_operators_alone(service: Service) -> None:
    run = service.cluster.run()
    pod = service.cluster.stage_pod(run, "ocr", "pod-1")
    admin = service.cluster.person("admin", ("get", "team"), ("create", "team"))
    for token in (pod, admin):
        assert service.ask("GET", f"{RESULTS}/1", token).status == 403
        assert service.ask("GET", "/v1/heartbeats", token).status == 403


def test_a_person_lists_what_a_run_has_committed(service: Service) -> None:
    leave_result(service, "pod-a", 1, b"{}")
    service.cluster.commit(service.cluster.run(), "ocr", "team/run-1/ocr/1-pod-a")
    alice = service.cluster.person("alice", ("get", "team"))
    answer = service.ask("GET", "/v1/runs/team/ad/artifacts", alice)
    assert answer.json == {
        "name": "ad",
        "uid": "run-1",
        "stages": [
            {
                "name": "ocr",
                "attempt": 1,
                "prefix": "team/run-1/ocr/1-pod-a",
                "files": [{"path": "page.txt", "size": 4}, {"path": "result.json", "size": 2}],
            }
        ],
    }


def test_a_stranger_does_not_learn_whether_a_run_exists(service: Service) -> None:
    service.cluster.run()
    bob = service.cluster.person("bob", ("get", "elsewhere"))
    there = service.ask("GET", "/v1/runs/team/ad/artifacts", bob)
    nowhere = service.ask("GET", "/v1/runs/team/none/artifacts", bob)
    assert (there.status, there.json) == (nowhere.status, nowhere.json)
    assert there.status == 403
    assert service.ask("GET", "/v1/runs/elsewhere/none/artifacts", bob).status == 404
    assert service.ask("GET", "/v1/runs/team/..%2Fx/artifacts", bob).status in (400, 404)
    assert service.ask("GET", "/v1/runs/team/AD/artifacts", bob).status in (400, 403)


class TestHeartbeats:
    def test_the_operator_hears_the_last_one_of_each_pod(self, service: Service) -> None:
        run = service.cluster.run()
        token = service.cluster.stage_pod(run, "ocr", "pod-1", attempt=2)
        for done in (1, 3):
            body = json.dumps({"done": done, "total": 10, "note": "page"}).encode()
            assert service.ask("POST", "/v1/heartbeats", token, body).status == 204
        service.clock.now += 7
        report = service.ask("GET", "/v1/heartbeats", service.cluster.operator()).json
        assert report["listeningSeconds"] == 7
        assert report["heartbeats"] == [
            {
                "pod": "pod-1",
                "namespace": "team",
                "run": "run-1",
                "stage": "ocr",
                "attempt": 2,
                "ageSeconds": 7,
                "done": 3,
                "total": 10,
                "note": "page",
            }
        ]

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"", 204),
            (b"{}", 204),
            (b'{"more": 1}', 204),
            (b"x", 400),
            (b"[]", 400),
            (b'{"done": -1}', 400),
            (b'{"done": "3"}', 400),
            (b'{"done": 1e400}', 400),
            (b'{"note": 5}', 400),
            (b"\xff\xfe", 400),
            (b"[" * 4000, 400),
            (b'{"note": "%s"}' % (b"x" * 2000), 400),
            (b" " * 5000, 413),
        ],
        ids=range(13),
    )
    def test_only_a_heartbeat_is_one(self, service: Service, body: bytes, status: int) -> None:
        token = service.cluster.stage_pod(service.cluster.run(), "ocr", "pod-1")
        assert service.ask("POST", "/v1/heartbeats", token, body).status == status

    def test_a_pod_silent_for_an_hour_is_forgotten(self, service: Service) -> None:
        run = service.cluster.run()
        first = service.cluster.stage_pod(run, "ocr", "pod-1")
        service.ask("POST", "/v1/heartbeats", first)
        service.clock.now += 3601
        second = service.cluster.stage_pod(run, "ocr", "pod-2", attempt=2)
        service.ask("POST", "/v1/heartbeats", second)
        report = service.ask("GET", "/v1/heartbeats", service.cluster.operator()).json
        assert [heartbeat["pod"] for heartbeat in report["heartbeats"]] == ["pod-2"]
