"""What Pods and people may write and read, and what is left of what goes wrong."""

import hashlib
import json
import socket
from pathlib import Path

import pytest

from stagework.artifacts.local import LocalStore
from tests.unit.web.service import MAX_FILE_BYTES, Service, running

MINE = "team/run-1/ocr/1-pod-1"
SUM = "X-Content-SHA256"


@pytest.fixture
def token(service: Service) -> str:
    """A stage Pod's token."""
    return service.cluster.stage_pod(service.cluster.run(), "ocr", "pod-1")


def at(path: str) -> str:
    return f"/v1/artifacts/{path}"


def test_a_stage_writes_below_its_own_prefix(service: Service, token: str) -> None:
    answer = service.put(at(f"{MINE}/pages/1.txt"), token, b"text")
    assert answer.status == 201
    assert answer.json == {
        "path": "pages/1.txt",
        "size": 4,
        "sha256": hashlib.sha256(b"text").hexdigest(),
    }
    assert service.stored() == [f"{MINE}/pages/1.txt"]


def test_an_empty_file_and_a_name_in_korean_are_files(service: Service, token: str) -> None:
    assert service.put(at(f"{MINE}/empty"), token, b"").status == 201
    name = "%ED%95%9C%EA%B8%80.txt"
    assert service.put(at(f"{MINE}/{name}"), token, b"x").status == 201
    assert f"{MINE}/한글.txt" in service.stored()


@pytest.mark.parametrize(
    "prefix",
    [
        "team/run-1/ocr/1-pod-2",
        "team/run-1/ocr/2-pod-1",
        "team/run-1/other/1-pod-1",
        "team/run-2/ocr/1-pod-1",
        "elsewhere/run-1/ocr/1-pod-1",
    ],
    ids=["another Pod", "another attempt", "another stage", "another run", "another namespace"],
)
def test_a_stage_writes_nowhere_else(service: Service, token: str, prefix: str) -> None:
    assert service.put(at(f"{prefix}/x"), token, b"x").status == 403
    assert service.stored() == []


def test_people_do_not_write_artifacts(service: Service) -> None:
    token = service.cluster.person("alice", ("get", "team"), ("create", "team"))
    assert service.put(at(f"{MINE}/x"), token, b"x").status == 403


@pytest.mark.parametrize(
    "path",
    [
        "../pod-2/x",
        "..%2F..%2Fx",
        "a/../../x",
        "./x",
        "a//x",
        "/etc/passwd",
        "a/%00b",
        "%2e%2e/x",
        "a%5C..%5Cx",
        "x%0Ay",
        "%1b[31m",
        "%E2%80%AEx",
        ".note",
        "a/.x",
        "%20x",
        "a" * 256,
        "/".join("abcdefghijklmnopq"),
    ],
)
def test_a_path_that_is_none_is_refused_and_writes_nothing(
    service: Service, token: str, path: str
) -> None:
    answer = service.put(at(f"{MINE}/{path}"), token, b"x")
    assert answer.status in (400, 403, 404)
    assert service.stored() == []


@pytest.mark.parametrize(
    "address",
    [
        "",
        "x",
        "a/b/c",
        "team/run-1/ocr/1-pod-1",
        "~/run-1/ocr/1-pod-1/x",
        "*/*/*/*/*",
        "team/uploads/ocr/1-pod-1/x",
        "team/run-1/ocr/0-pod-1/x",
        "team/run-1/ocr/-pod/x",
        "team/run-1/OCR/1-pod-1/x",
        "team/run-1/ocr/1e9-pod/x",
        "team/run-1/ocr/1-/x",
        "TEAM/run-1/ocr/1-p/x",
        "a" * 5000,
    ],
)
def test_an_address_that_is_none_is_a_clear_400(service: Service, token: str, address: str) -> None:
    for method in ("GET", "PUT"):
        answer = service.ask(method, at(address), token, None)
        assert answer.status == 400, method
        assert set(answer.json) == {"title", "status", "detail", "error", "hint"}


def test_a_digest_that_does_not_fit_leaves_nothing(service: Service, token: str) -> None:
    answer = service.put(at(f"{MINE}/x"), token, b"x", sha256="0" * 64)
    assert answer.status == 422
    assert service.stored() == []


@pytest.mark.parametrize("sha256", ["", "x", "0" * 63, "g" * 64, "0" * 65])
def test_a_digest_is_demanded_and_must_be_one(service: Service, token: str, sha256: str) -> None:
    answer = service.ask("PUT", at(f"{MINE}/x"), token, b"x", {SUM: sha256})
    assert answer.status == 400
    assert service.stored() == []


def test_a_body_without_a_length_is_refused(service: Service, token: str) -> None:
    head = {SUM: "0" * 64, "Transfer-Encoding": "chunked"}
    assert service.ask("PUT", at(f"{MINE}/x"), token, b"1\r\nx\r\n0\r\n\r\n", head).status == 411


def test_a_file_over_the_limit_is_refused_before_its_body_comes(
    service: Service, token: str
) -> None:
    with socket.create_connection(("127.0.0.1", service.port), 10) as raw:
        raw.sendall(
            f"PUT {at(MINE)}/big HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            f"{SUM}: {'0' * 64}\r\nContent-Length: {MAX_FILE_BYTES + 1}\r\n\r\n".encode()
        )
        assert b" 413 " in raw.recv(4096).split(b"\r\n")[0]
    assert service.stored() == []


def test_a_file_of_megabytes_goes_through_whole(service: Service, token: str) -> None:
    content = bytes(range(256)) * (MAX_FILE_BYTES // 256)
    assert service.put(at(f"{MINE}/big"), token, content).status == 201
    assert (service.root / MINE / "big").read_bytes() == content


def test_an_upload_cut_off_leaves_nothing(service: Service, token: str) -> None:
    with socket.create_connection(("127.0.0.1", service.port), 10) as raw:
        raw.sendall(
            f"PUT {at(MINE)}/half HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            f"{SUM}: {hashlib.sha256(b'0123456789').hexdigest()}\r\n"
            "Content-Length: 10\r\n\r\n01234".encode()
        )
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(4096):  # until the server has closed its side: then it has cleaned up
            pass
    assert service.stored() == []
    # And the service goes on.
    assert service.put(at(f"{MINE}/half"), token, b"0123456789").status == 201


def test_a_file_and_a_folder_cannot_share_a_name(service: Service, token: str) -> None:
    assert service.put(at(f"{MINE}/a"), token, b"x").status == 201
    assert service.put(at(f"{MINE}/a/b"), token, b"x").status == 409
    assert service.put(at(f"{MINE}/d/e"), token, b"x").status == 201
    assert service.put(at(f"{MINE}/d"), token, b"x").status == 409
    assert service.stored() == [f"{MINE}/a", f"{MINE}/d/e"]


def test_after_its_result_an_attempts_artifacts_are_final(service: Service, token: str) -> None:
    assert service.put(at(f"{MINE}/a"), token, b"first").status == 201
    result = json.dumps({"v": 1}).encode()
    assert service.put(at(f"{MINE}/result.json"), token, result).status == 201
    assert service.put(at(f"{MINE}/a"), token, b"second").status == 409
    assert service.put(at(f"{MINE}/result.json"), token, b"{}").status == 409
    # Its sender may not have heard that the first one arrived.
    assert service.put(at(f"{MINE}/result.json"), token, result).status == 201
    assert (service.root / MINE / "a").read_bytes() == b"first"


class TestReading:
    @pytest.fixture(autouse=True)
    def _written(self, service: Service, token: str) -> None:
        service.put(at(f"{MINE}/a.txt"), token, b"alpha")
        service.put(at(f"{MINE}/d/b.txt"), token, b"beta")

    @pytest.fixture
    def reader(self, service: Service) -> str:
        """The token of a later stage of the same run."""
        return service.cluster.stage_pod(service.cluster.runs["team", "ad"], "judge", "pod-9")

    def test_a_committed_prefix_of_ones_own_run_can_be_read(
        self, service: Service, reader: str
    ) -> None:
        service.cluster.commit(service.cluster.runs["team", "ad"], "ocr", MINE)
        answer = service.ask("GET", at(f"{MINE}/d/b.txt"), reader)
        assert (answer.status, answer.body) == (200, b"beta")
        assert answer.headers["content-length"] == "4"
        assert answer.headers["x-content-type-options"] == "nosniff"
        listing = service.ask("GET", at(f"{MINE}/"), reader)
        assert listing.json == {
            "files": [{"path": "a.txt", "size": 5}, {"path": "d/b.txt", "size": 4}]
        }
        assert service.ask("GET", at(f"{MINE}/none"), reader).status == 404
        assert service.ask("GET", at(f"{MINE}/d"), reader).status == 404

    @pytest.mark.parametrize(
        ("asked", "body", "where"),
        [
            ("bytes=1-2", b"lp", "bytes 1-2/5"),
            ("bytes=3-", b"ha", "bytes 3-4/5"),
            ("bytes=-2", b"ha", "bytes 3-4/5"),
            ("bytes=-99", b"alpha", "bytes 0-4/5"),
            ("bytes=4-99", b"a", "bytes 4-4/5"),
        ],
    )
    def test_a_part_is_what_was_asked_for(
        self, service: Service, asked: str, body: bytes, where: str
    ) -> None:
        alice = service.cluster.person("alice", ("get", "team"))
        answer = service.ask("GET", at(f"{MINE}/a.txt"), alice, None, {"Range": asked})
        assert (answer.status, answer.body) == (206, body)
        assert answer.headers["content-range"] == where
        assert answer.headers["content-length"] == str(len(body))

    @pytest.mark.parametrize("asked", ["bytes=-", "bytes=0-1,3-4", "lines=1-2", "bytes=a-b"])
    def test_what_is_no_range_of_ours_is_as_if_none_were_asked_for(
        self, service: Service, asked: str
    ) -> None:
        alice = service.cluster.person("alice", ("get", "team"))
        answer = service.ask("GET", at(f"{MINE}/a.txt"), alice, None, {"Range": asked})
        assert (answer.status, answer.body) == (200, b"alpha")

    @pytest.mark.parametrize("asked", ["bytes=5-", "bytes=3-2", "bytes=-0"])
    def test_a_part_that_is_not_there_is_said_to_be_none(
        self, service: Service, asked: str
    ) -> None:
        alice = service.cluster.person("alice", ("get", "team"))
        answer = service.ask("GET", at(f"{MINE}/a.txt"), alice, None, {"Range": asked})
        assert (answer.status, answer.headers["content-range"]) == (416, "bytes */5")

    def test_a_part_of_what_has_changed_meanwhile_is_the_whole(self, service: Service) -> None:
        alice = service.cluster.person("alice", ("get", "team"))
        tag = service.ask("GET", at(f"{MINE}/a.txt"), alice).headers.get("etag", '""')
        for condition, status in ((tag, 206), ('"another"', 200)):
            head = {"Range": "bytes=1-2", "If-Range": condition}
            assert service.ask("GET", at(f"{MINE}/a.txt"), alice, None, head).status == status

    def test_a_head_says_how_much_there_is_to_who_may_read_it(self, service: Service) -> None:
        alice = service.cluster.person("alice", ("get", "team"))
        answer = service.ask("HEAD", at(f"{MINE}/a.txt"), alice)
        assert (answer.status, answer.body) == (200, b"")
        assert (answer.headers["content-length"], answer.headers["accept-ranges"]) == ("5", "bytes")
        assert service.ask("HEAD", at(f"{MINE}/none"), alice).status == 404
        bob = service.cluster.person("bob", ("get", "elsewhere"))
        assert service.ask("HEAD", at(f"{MINE}/a.txt"), bob).status == 403

    def test_an_uncommitted_prefix_is_refused(self, service: Service, reader: str) -> None:
        assert service.ask("GET", at(f"{MINE}/a.txt"), reader).status == 403
        assert service.ask("GET", at(f"{MINE}/"), reader).status == 403

    def test_a_commit_is_seen_at_once_though_answers_are_remembered(
        self, service: Service, reader: str
    ) -> None:
        assert service.ask("GET", at(f"{MINE}/a.txt"), reader).status == 403
        service.cluster.commit(service.cluster.runs["team", "ad"], "ocr", MINE)
        for _ in range(3):
            assert service.ask("GET", at(f"{MINE}/a.txt"), reader).status == 200
        # The first two ask who the callers are.
        assert service.cluster.questions.count("get_run") == 2 + 2

    def test_what_the_operator_has_promised_but_not_committed_yet_is_too_early(
        self, service: Service
    ) -> None:
        inputs = json.dumps({"machine": "gpu", "stages": {"ocr": MINE}})
        run = service.cluster.runs["team", "ad"]
        reader = service.cluster.stage_pod(run, "judge", "pod-9", inputs=inputs)
        answer = service.ask("GET", at(f"{MINE}/a.txt"), reader)
        assert answer.status == 425
        assert answer.headers["retry-after"] == "1"

    def test_another_runs_artifacts_are_refused_even_when_committed(self, service: Service) -> None:
        service.cluster.commit(service.cluster.runs["team", "ad"], "ocr", MINE)
        other = service.cluster.run("other", uid="run-2")
        reader = service.cluster.stage_pod(other, "judge", "pod-8")
        assert service.ask("GET", at(f"{MINE}/a.txt"), reader).status == 403

    def test_a_run_made_again_under_the_same_name_sees_nothing_of_the_first(
        self, service: Service, reader: str
    ) -> None:
        service.cluster.commit(service.cluster.runs["team", "ad"], "ocr", MINE)
        service.cluster.run("ad", uid="run-1-again")
        assert service.ask("GET", at(f"{MINE}/a.txt"), reader).status == 403

    def test_another_namespaces_artifacts_are_refused(self, service: Service) -> None:
        foreign = service.cluster.run("ad", namespace="elsewhere", uid="run-1")
        reader = service.cluster.stage_pod(foreign, "judge", "pod-8")
        assert service.ask("GET", at(f"{MINE}/a.txt"), reader).status == 403

    def test_people_read_where_they_may_get_pipelinejobs(self, service: Service) -> None:
        alice = service.cluster.person("alice", ("get", "team"))
        bob = service.cluster.person("bob", ("get", "elsewhere"), ("create", "team"))
        assert service.ask("GET", at(f"{MINE}/a.txt"), alice).body == b"alpha"
        assert service.ask("GET", at(f"{MINE}/"), alice).status == 200
        assert service.ask("GET", at(f"{MINE}/a.txt"), bob).status == 403


def test_a_full_volume_says_so_and_asks_to_come_again(tmp_path: Path) -> None:
    full = LocalStore(tmp_path / "volume", max_file_bytes=10, min_free_bytes=2**62)
    with running(tmp_path / "volume", full) as service:
        token = service.cluster.stage_pod(service.cluster.run(), "ocr", "pod-1")
        answer = service.put(at(f"{MINE}/x"), token, b"x")
        assert answer.status == 507
        assert "maxFileBytes" not in answer.json["hint"]
        assert service.stored() == []
