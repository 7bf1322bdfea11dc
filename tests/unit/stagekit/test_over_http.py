"""stagekit against the real API service on loopback: the whole way of a file."""

import hashlib
import http.server
import json
import os
import socket
import threading
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import stagekit
from stagekit import environment, wire
from stagekit.context import Context
from stagekit.http_link import HttpLink
from stagekit.retry import Patience
from tests.unit.stagekit.local import Local
from tests.unit.web.service import Service, running

QUICK = Patience(first_seconds=0.01, longest_seconds=0.02, total_seconds=2)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A running API service."""
    with running(tmp_path / "volume") as started:
        yield started


def become(
    local: Local,
    patch: pytest.MonkeyPatch,
    service: Service,
    stage: str,
    pod: str,
    *,
    inputs: dict[str, str] | None = None,
    uri: str = "",
) -> str:
    """Make this process the Pod of a stage; gives its prefix."""
    run = service.cluster.runs.get(("team", "ad")) or service.cluster.run(uri=uri)
    token = local.folder / "token"
    token.write_text(service.cluster.stage_pod(run, stage, pod) + "\n")
    local.give("inputs", {"machine": "gpu", "stages": inputs or {}})
    local.apply(
        patch,
        STAGEWORK_API_URL=service.url,
        STAGEWORK_TOKEN_FILE=str(token),
        STAGEWORK_STAGE=stage,
        STAGEWORK_ATTEMPT="1",
        STAGEWORK_POD_UID=pod,
        STAGEWORK_WORK_DIR=str(local.folder / f"work-{pod}"),
        STAGEWORK_INPUT_URI=uri,
    )
    return f"team/run-1/{stage}/1-{pod}"


PICTURE = bytes(range(256)) * 8192


def test_two_stages_and_a_given_picture_through_the_real_service(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    alice = service.cluster.person("alice", ("create", "team"))
    uri = service.ask("PUT", "/v1/uploads/team/a%20shoe.png", alice, PICTURE).json["uri"]
    first = become(local, monkeypatch, service, "img_gen", "pod-1", uri=uri)

    def img_gen(ctx: Context) -> None:
        given = ctx.inputs.source()
        assert given is not None
        assert given.name == "a shoe.png"
        (ctx.outputs / "큰 그림.png").write_bytes(given.read_bytes())
        (ctx.outputs / "empty.txt").touch()
        ctx.progress(1, 1, "drawn")

    assert stagekit.main({"img_gen": img_gen}, ["x"], QUICK) == 0
    assert local.mark["outcome"] == "Succeeded"
    stored = (service.root / first / "result.json").read_bytes()
    assert local.mark["digest"] == hashlib.sha256(stored).hexdigest()
    service.cluster.commit(service.cluster.runs["team", "ad"], "img_gen", first)

    second = become(
        local, monkeypatch, service, "judge", "pod-2", inputs={"img_gen": first}, uri=uri
    )

    def judge(ctx: Context) -> None:
        assert ctx.inputs.file("img_gen", "큰 그림.png").read_bytes() == PICTURE
        for item in ctx.items(["a", "b"]):
            with item:
                assert item.id == "a"

    assert stagekit.main({"judge": judge}, ["x"], QUICK) == 0
    assert local.mark["counts"] == {"items": 2, "failed": 1}
    operator = service.cluster.operator()
    results = service.ask("GET", "/v1/results/team/run-1/judge/1", operator).json["results"]
    assert [result["pod"] for result in results] == ["pod-2"]
    assert results[0]["digest"] == local.mark["digest"]
    heard = service.ask("GET", "/v1/heartbeats", operator).json["heartbeats"]
    assert {heartbeat["pod"] for heartbeat in heard} == {"pod-1", "pod-2"}
    assert (service.root / second / "outcomes.jsonl").exists()


def test_an_input_that_was_never_uploaded_refuses_the_run(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    become(local, monkeypatch, service, "a", "pod-1", uri=f"artifact://team/uploads/{'0' * 64}/x")
    assert (
        stagekit.main({"a": lambda ctx: ctx.value("x", str(ctx.inputs.source()))}, ["x"], QUICK)
        == 2
    )
    assert (local.mark["outcome"], local.mark["reason"]) == ("Refused", "InputNotFetched")


def test_another_runs_artifacts_cannot_be_had(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    foreign = "team/run-2/a/1-pod-9"
    become(local, monkeypatch, service, "b", "pod-1", inputs={"a": foreign})
    assert (
        stagekit.main(
            {"b": lambda ctx: ctx.value("x", str(ctx.inputs.file("a", "x")))}, ["x"], QUICK
        )
        == 1
    )
    assert local.mark["reason"] == "ServiceRefused"
    assert "another run" in local.mark["message"]


def test_an_output_over_the_limit_fails_with_the_services_own_words(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    become(local, monkeypatch, service, "a", "pod-1")

    def stage(ctx: Context) -> None:
        (ctx.outputs / "big").write_bytes(b"x" * (5 * 1024 * 1024))

    assert stagekit.main({"a": stage}, ["x"], QUICK) == 1
    assert local.mark["reason"] == "UploadServiceRefused"
    assert "more than the limit" in local.mark["message"]
    assert service.stored() == []


def test_a_refusal_that_comes_while_the_output_is_sent_is_heard(
    local: Local, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    monkeypatch.setattr(wire, "_CONTINUE_WAIT_SECONDS", 0.0)
    test_an_output_over_the_limit_fails_with_the_services_own_words(local, monkeypatch, service)


@dataclass
class Script:
    """Answers that a scripted server gives, and what it was asked."""

    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    beats: list[dict[str, Any]] = field(default_factory=list)
    """What the heartbeats said."""
    url: str = ""


def handler(served: Script) -> type[http.server.BaseHTTPRequestHandler]:
    """Answers requests (heartbeats apart) one after the other, as told."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            beat = self.path == "/v1/heartbeats"
            status, headers, body = (204, {}, b"") if beat else served.answers.pop(0)
            length = int(self.headers.get("Content-Length", 0))
            taken = self.rfile.read(length) if status < 300 or beat else b""
            if beat:
                served.beats.append(json.loads(taken))
            else:
                served.asked.append((self.command, self.path, dict(self.headers), taken))
            self.close_connection = True
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = _any

        def handle_expect_100(self) -> bool:
            beat = self.path == "/v1/heartbeats"
            refused = not beat and served.answers[0][0] >= 300
            return True if refused else super().handle_expect_100()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nobody reads it."""

    return Handler


@pytest.fixture
def script() -> Iterator[Script]:
    """A server that answers as its script says."""
    served = Script()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(served))
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


def scripted(local: Local, patch: pytest.MonkeyPatch, script: Script) -> None:
    (local.folder / "token").write_text("the-token")
    local.apply(
        patch,
        STAGEWORK_API_URL=script.url,
        STAGEWORK_TOKEN_FILE=str(local.folder / "token"),
    )


def test_a_heartbeat_goes_to_the_other_port_where_nobody_hears_at_its_own(
    local: Local, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    scripted(local, monkeypatch, script)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        monkeypatch.setenv("STAGEWORK_HEARTBEAT_URL", f"http://127.0.0.1:{port}")
        heard = list[str]()
        link = HttpLink(environment.read(os.environ), lambda: heard.append("an answer"), QUICK)
        assert link.beat(b'{"done": 1}')
    assert script.beats == [{"done": 1}]
    assert heard == ["an answer"]


def test_a_heartbeat_that_is_heard_at_its_own_port_goes_to_no_other(
    local: Local, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    scripted(local, monkeypatch, script)
    monkeypatch.setenv("STAGEWORK_HEARTBEAT_URL", f"{script.url}/")
    monkeypatch.setenv("STAGEWORK_API_URL", f"{script.url}/elsewhere")
    script.answers = [(204, {}, b"")]
    assert HttpLink(environment.read(os.environ), lambda: None, QUICK).beat(b"{}")
    assert (script.beats, script.asked) == ([{}], [])


def test_uploads_are_repeated_on_5xx_and_429(
    local: Local, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    scripted(local, monkeypatch, script)
    script.answers = [
        (503, {}, b""),
        (429, {"Retry-After": "0"}, b""),
        (500, {}, b"oops"),
        (201, {}, b""),
    ]
    assert stagekit.main({"ocr": lambda _: None}, ["x"], QUICK) == 0
    assert len(script.asked) == 4
    assert json.loads(script.asked[-1][3])["outcome"] == "Succeeded"


def test_results_come_last_and_the_mark_after_them(
    local: Local, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    scripted(local, monkeypatch, script)
    script.answers = [(201, {}, b""), (201, {}, b""), (201, {}, b"")]

    def stage(ctx: Context) -> None:
        (ctx.outputs / "zzz.txt").write_text("x")
        for item in ctx.items(["a"]):
            with item:
                pass

    assert stagekit.main({"ocr": stage}, ["x"], QUICK) == 0
    names = [path.rpartition("/")[2] for _, path, _, _ in script.asked]
    assert names == ["zzz.txt", "outcomes.jsonl", "result.json"]
    assert local.mark["digest"] == script.asked[-1][2]["X-Content-SHA256"]


def test_a_presigned_address_gets_the_bytes_and_never_the_token(
    local: Local, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    scripted(local, monkeypatch, script)
    script.answers = [(307, {"Location": f"{script.url}/bucket?sig=1"}, b""), (200, {}, b"")]
    assert stagekit.main({"ocr": lambda _: None}, ["x"], QUICK) == 0
    (_, _, first, nothing), (method, path, second, body) = script.asked
    assert first["Authorization"] == "Bearer the-token"
    assert nothing == b""
    assert (method, path) == ("PUT", "/bucket?sig=1")
    assert "Authorization" not in second
    # The address is good for this digest alone, which the store wants to see.
    assert first["X-Stagework-Checksum"] == "sha256"
    assert b64decode(second["x-amz-checksum-sha256"]) == hashlib.sha256(body).digest()
    assert json.loads(body)["outcome"] == "Succeeded"


def test_a_download_cut_off_is_repeated_from_its_start(
    local: Local, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    scripted(local, monkeypatch, script)
    content = b"0123456789"
    listed = [{"path": "x", "size": 10, "sha256": hashlib.sha256(content).hexdigest()}]
    local.give("inputs", {"stages": {"a": "team/run-1/a/1-p"}})
    script.answers = [
        (200, {}, json.dumps({"v": 1, "files": listed}).encode()),
        (200, {"Content-Length": "10"}, content[:5]),
        (425, {"Retry-After": "0"}, b""),
        (200, {"ETag": f'"{"0" * 64}"'}, content),
        (200, {}, content),
        (201, {}, b""),
    ]

    def stage(ctx: Context) -> None:
        assert ctx.inputs.file("a", "x").read_bytes() == content

    assert stagekit.main({"ocr": stage}, ["x"], QUICK) == 0
    assert script.answers == []


def test_a_service_that_stays_away_fails_the_stage_with_a_mark(
    local: Local, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    scripted(local, monkeypatch, script)
    script.answers = [(503, {}, b'{"error": "busy", "hint": "later"}')] * 1000
    brief = Patience(first_seconds=0.01, longest_seconds=0.01, total_seconds=0.1)
    assert stagekit.main({"ocr": lambda _: None}, ["x"], brief) == 1
    assert local.mark["reason"] == "UploadServiceUnavailable"
    assert "busy: later" in local.mark["message"]
    assert "digest" not in local.mark


class TestBatchItems:
    """The list and the files of a batch's items, as the API service gives them."""

    LISTED = json.dumps(
        {
            "round": 0,
            "items": [
                {
                    "position": 4,
                    "number": 12,
                    "id": "a",
                    "uri": "s3://b/a.png",
                    "params": {"x": "1"},
                },
                {"position": 5, "number": 3, "id": "b", "uri": "s3://b/b.png"},
                {"position": 6, "number": 5, "id": "c"},
            ],
        }
    ).encode()

    @staticmethod
    def run(local: Local, patch: pytest.MonkeyPatch, script: Script, patience: Patience) -> int:
        """A stage that measures each item's file."""
        scripted(local, patch, script)
        patch.setenv("STAGEWORK_INPUT_ITEMS", "r0-4-3")

        def stage(ctx: Context) -> None:
            for item in ctx.batch_items():
                with item:
                    content = item.value.file().read_bytes() if item.value.uri else b"none"
                    (item.value.outputs / item.value.file().name).write_bytes(content)

        return stagekit.main({"ocr": stage}, ["x"], patience)

    @staticmethod
    def outcomes(script: Script) -> list[tuple[int, str, str]]:
        """Number, state and reason of the lines that were stored."""
        (stored,) = (body for _, path, _, body in script.asked if path.endswith("outcomes.jsonl"))
        lines = [json.loads(line) for line in stored.splitlines()]
        return [(line["number"], line["state"], line.get("reason", "")) for line in lines]

    def test_are_listed_once_and_fetched_by_number(
        self, local: Local, monkeypatch: pytest.MonkeyPatch, script: Script
    ) -> None:
        script.answers = [
            (200, {}, self.LISTED),
            (200, {"X-Stagework-Name": "a%20shoe.png"}, b"one"),
            (200, {"X-Stagework-Name": "../../b.png"}, b"two"),
            *[(201, {}, b"")] * 4,
        ]
        assert self.run(local, monkeypatch, script, QUICK) == 0
        assert [path.removeprefix("/v1/") for _, path, _, _ in script.asked[:3]] == [
            "items",
            "items/12/content",
            "items/3/content",
        ]
        stored = [path.rpartition("2-pod-1/")[2] for _, path, _, _ in script.asked[3:]]
        names = ["items/12/12-a%20shoe.png", "items/3/3-b.png"]
        assert stored == [*names, "outcomes.jsonl", "result.json"]
        assert [state for _, state, _ in self.outcomes(script)] == ["Succeeded"] * 2 + ["Refused"]

    @pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 422, 424])
    def test_one_that_cannot_be_had_is_refused_alone(
        self, local: Local, monkeypatch: pytest.MonkeyPatch, script: Script, status: int
    ) -> None:
        script.answers = [
            (200, {}, self.LISTED),
            (status, {}, b'{"error": "no such key"}'),
            (200, {}, b"two"),
            *[(201, {}, b"")] * 3,
        ]
        assert self.run(local, monkeypatch, script, QUICK) == 0
        assert self.outcomes(script)[:2] == [
            (12, "Refused", "InputNotFetched"),
            (3, "Succeeded", ""),
        ]

    def test_one_whose_source_stays_silent_is_refused_alone(
        self, local: Local, monkeypatch: pytest.MonkeyPatch, script: Script
    ) -> None:
        script.answers = [
            (200, {}, self.LISTED),
            *[(504, {}, b'{"error": "the host does not answer"}')] * 3,
            (503, {}, b""),
            *[(502, {}, b"")] * 3,
            (504, {}, b""),
            (200, {}, b"two"),
            *[(201, {}, b"")] * 3,
        ]
        assert self.run(local, monkeypatch, script, QUICK) == 0
        assert self.outcomes(script)[:2] == [
            (12, "Refused", "InputNotFetched"),
            (3, "Succeeded", ""),
        ]

    @pytest.mark.parametrize("status", [401, 503])
    def test_a_service_that_gives_nothing_ends_the_stage(
        self, local: Local, monkeypatch: pytest.MonkeyPatch, script: Script, status: int
    ) -> None:
        script.answers = [(200, {}, self.LISTED)]
        script.answers += [(status, {}, b"")] * (100 if status >= 500 else 1)
        script.answers += [(201, {}, b"")]
        brief = Patience(first_seconds=0.01, longest_seconds=0.01, total_seconds=0.1)
        assert self.run(local, monkeypatch, script, brief) == 1
        assert local.mark["reason"] == "ServiceUnavailable"
        if status < 500:
            assert json.loads(script.asked[-1][3])["item"] == 12

    def test_a_list_that_is_refused_fails_the_stage(
        self, local: Local, monkeypatch: pytest.MonkeyPatch, script: Script
    ) -> None:
        script.answers = [(403, {}, b'{"error": "not of this batch"}'), (201, {}, b"")]
        assert self.run(local, monkeypatch, script, QUICK) == 1
        assert (local.mark["reason"], local.mark["message"]) == (
            "ServiceRefused",
            "not of this batch",
        )

    @pytest.mark.parametrize("body", [b"x", b'{"items": [1]}', b'{"items": [{"number": "1"}]}'])
    def test_a_list_that_is_none_fails_the_stage(
        self, local: Local, monkeypatch: pytest.MonkeyPatch, script: Script, body: bytes
    ) -> None:
        script.answers = [(200, {}, body), (201, {}, b"")]
        assert self.run(local, monkeypatch, script, QUICK) == 1
        assert local.mark["reason"] == "BadEnvironment"
