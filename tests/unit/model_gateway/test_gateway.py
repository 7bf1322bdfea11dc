"""The gateway to model endpoints: who may ask, what goes out, what comes back."""

import io
import json
import logging
import socket
import threading
import time
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.modelserver.server import KEY, MODEL, ModelServer, running
from tests.unit.model_gateway.gateway import PROMPT, Gateway, opened
from tests.unit.web.service import Answer


def wav(seconds: int) -> bytes:
    """Silence."""
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000 * seconds))
    return held.getvalue()


def reply_text(answer: Answer) -> str:
    """The text of a chat reply."""
    return answer.json["choices"][0]["message"]["content"]


def test_only_stage_pods_may_ask(gateway: Gateway) -> None:
    service = gateway.service
    alice = service.cluster.person("alice", ("create", "team"), ("get", "team"))
    for token in (alice, service.cluster.operator()):
        assert service.ask("GET", "/v1/models", token).status == 403
        assert service.ask("POST", "/v1/models/chat/chat/completions", token, b"{}").status == 403
    assert service.ask("POST", "/v1/models/chat/chat/completions", "", b"{}").status == 401


def test_the_key_and_the_models_name_are_added_here(gateway: Gateway, server: ModelServer) -> None:
    answer = gateway.chat("Hello")
    assert (answer.status, reply_text(answer)) == (200, "You said: Hello")
    assert server.requests == [{"path": "/v1/chat/completions", "model": MODEL, "key": KEY}]


def test_no_reply_names_the_model(gateway: Gateway) -> None:
    for answer in (
        gateway.chat("Hello"),
        gateway.post("embeddings", {"input": ["a", "b"]}),
        gateway.post("images", {"prompt": "a", "size": "8x8"}),
        gateway.upload({"model": "mine"}, wav(1)),
        gateway.get("/v1/models/chat/models"),
        gateway.get("/v1/models/chat"),
        gateway.get("/v1/models"),
    ):
        assert answer.status == 200, answer.body
        assert MODEL.encode() not in answer.body
        assert MODEL not in str(answer.headers)
    assert gateway.chat("Hello").json["model"] == "endpoint"


def test_a_reply_names_the_machine_class_where_one_is_set(
    server: ModelServer, tmp_path: Path
) -> None:
    with opened(tmp_path, server.url, machine="gpu") as gateway:
        assert gateway.chat("Hello").json["model"] == "gpu"
        assert gateway.get("/v1/models").json["roles"]["chat"]["machine"] == "gpu"


def test_every_role_gives_what_the_server_made(gateway: Gateway) -> None:
    vectors = gateway.post("embeddings", {"input": ["red shoe", "red shoe"]}).json["data"]
    assert vectors[0]["embedding"] == vectors[1]["embedding"]
    assert gateway.post("images", {"prompt": "a", "size": "8x8"}).json["data"][0]["b64_json"]
    transcript = gateway.upload({"model": "mine", "language": "en"}, wav(3)).json
    assert (transcript["text"], transcript["duration"]) == ("silence silence silence", 3.0)


def test_a_role_that_is_not_set_is_not_found_and_says_what_to_do(
    server: ModelServer, tmp_path: Path
) -> None:
    with opened(tmp_path, server.url, roles=("chat",)) as gateway:
        assert list(gateway.get("/v1/models").json["roles"]) == ["chat"]
        for answer in (gateway.get("/v1/models/vision"), gateway.chat(role="vision")):
            assert answer.status == 404
            assert "vision" in answer.json["error"]
            assert "STAGEWORK_METHOD=auto" in answer.json["hint"]


def test_a_role_serves_its_own_path_only(gateway: Gateway, server: ModelServer) -> None:
    for path in ("embeddings", "files", "chat/completions/../../admin", "completions"):
        assert gateway.post("chat", {}, path).status == 404
    assert server.requests == []


FAULTS: dict[str, tuple[dict[str, Any], int, str]] = {
    "server error": ({}, 502, "answered 500"),
    "rate limit": ({"seconds": 7}, 429, "asks to wait"),
    "cut": ({}, 502, "cut"),
    "no protocol": ({}, 502, "not of the protocol"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_each_fault_becomes_a_clear_error(gateway: Gateway, server: ModelServer, kind: str) -> None:
    more, status, word = FAULTS[kind]
    server.show(kind, **more)
    answer = gateway.chat()
    assert (answer.status, word in answer.json["error"]) == (status, True), answer.json
    assert answer.headers.get("retry-after") == ("7" if kind == "rate limit" else None)
    server.recover()
    assert gateway.chat("Hello").status == 200


def test_a_server_that_is_gone_is_a_bad_gateway(tmp_path: Path) -> None:
    with running() as server, opened(tmp_path, server.url) as gateway:
        assert gateway.chat().status == 200
        port = server.port
    with opened(tmp_path, f"http://127.0.0.1:{port}/v1") as gateway:
        answer = gateway.chat()
        assert (answer.status, answer.json["error"]) == (502, "the chat endpoint: no connection")


def test_a_reply_that_takes_too_long_is_a_timeout(server: ModelServer, tmp_path: Path) -> None:
    server.show("slow", seconds=1)
    with opened(tmp_path, server.url, timeoutSeconds=0.2) as gateway:
        assert gateway.chat().status == 504


@pytest.mark.parametrize("wrong", [{"key": "another"}, {"model": "another-model"}])
def test_a_wrong_key_or_model_is_an_administrators_affair(
    server: ModelServer, tmp_path: Path, wrong: dict[str, Any]
) -> None:
    with opened(tmp_path, server.url, **wrong) as gateway:
        answer = gateway.chat()
    assert answer.status == 424
    assert "another" not in answer.body.decode()
    assert "administrator" in answer.json["hint"]


def test_a_missing_key_file_is_one_too(gateway: Gateway, tmp_path: Path) -> None:
    (tmp_path / "key").unlink()
    answer = gateway.chat()
    assert (answer.status, "key file" in answer.json["error"]) == (424, True)


def test_a_renewed_key_is_used_at_once(gateway: Gateway, server: ModelServer) -> None:
    server.state.key = "renewed"
    assert gateway.chat().status == 424
    (gateway.service.root.parent / "key").write_text("renewed")
    assert gateway.chat().status == 200


def test_no_more_requests_at_once_than_allowed(server: ModelServer, tmp_path: Path) -> None:
    server.show("slow", seconds=0.05)
    with opened(tmp_path, server.url, maxConcurrent=2) as gateway, ThreadPoolExecutor(8) as pool:
        answers = [
            answer.result().status for answer in [pool.submit(gateway.chat) for _ in range(8)]
        ]
    assert answers == [200] * 8
    assert server.state.report()["most_at_once"] == 2


def test_who_finds_no_place_in_time_is_said_to_come_again(
    server: ModelServer, tmp_path: Path
) -> None:
    server.show("slow", times=1, seconds=0.6)
    more: dict[str, Any] = {"maxConcurrent": 1, "timeoutSeconds": 0.3}
    with opened(tmp_path, server.url, **more) as gateway, ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(gateway.chat) for _ in range(2)]
        statuses = sorted(answer.result().status for answer in answers)
    assert statuses in ([429, 504], [200, 504], [504, 504])


def test_a_caller_that_hangs_up_frees_its_place(server: ModelServer, tmp_path: Path) -> None:
    import http.client  # noqa: PLC0415

    server.show("slow", times=1, seconds=20)
    with opened(tmp_path, server.url, maxConcurrent=1) as gateway:
        held = http.client.HTTPConnection("127.0.0.1", gateway.service.port, timeout=60)
        body = json.dumps({"messages": [{"role": "user", "content": "a"}]})
        headers = {"Authorization": f"Bearer {gateway.token}"}
        held.request("POST", "/v1/models/chat/chat/completions", body, headers)
        until(lambda: bool(server.requests))
        held.close()
        began = time.monotonic()
        assert gateway.chat("Hello").status == 200
        assert time.monotonic() - began < 15


def test_what_is_too_large_is_refused(server: ModelServer, tmp_path: Path) -> None:
    with opened(tmp_path, server.url, maxRequestBytes=20_000) as gateway:
        assert gateway.chat("x" * 30_000).status == 413
        assert gateway.upload({}, wav(2)).status == 413
    assert [request["path"] for request in server.requests if "chat" in request["path"]] == []


def test_a_slow_sender_holds_no_place(server: ModelServer, tmp_path: Path) -> None:
    with opened(tmp_path, server.url, maxConcurrent=1, timeoutSeconds=2) as gateway:
        slow = socket.create_connection(("127.0.0.1", gateway.service.port), 10)
        with slow:
            slow.sendall(
                "POST /v1/models/chat/chat/completions HTTP/1.1\r\nHost: x\r\n"
                f"Authorization: Bearer {gateway.token}\r\nContent-Length: 100\r\n\r\n{{".encode()
            )
            assert gateway.chat("Hello").status == 200


def test_a_namespace_that_may_not_ask_sees_no_role_and_is_refused(
    server: ModelServer, tmp_path: Path
) -> None:
    with opened(tmp_path, server.url, namespaces=("other",)) as gateway:
        assert gateway.get("/v1/models").json["roles"] == {}
        assert gateway.get("/v1/models/chat").status == 404
        refused = gateway.chat()
        assert (refused.status, "models.<role>.namespaces" in refused.json["hint"]) == (403, True)
        run = gateway.service.cluster.run("theirs", namespace="other", uid="run-2")
        other = Gateway(gateway.service, gateway.service.cluster.stage_pod(run, "ocr", "pod-2"))
        assert other.chat("Hello").status == 200
    assert len(server.requests) == 1


def test_a_namespace_has_a_budget_of_its_own(server: ModelServer, tmp_path: Path) -> None:
    with opened(tmp_path, server.url, requestsPerMinute=2) as gateway:
        assert [gateway.chat().status for _ in range(3)] == [200, 200, 429]
        run = gateway.service.cluster.run("theirs", namespace="other", uid="run-2")
        other = Gateway(gateway.service, gateway.service.cluster.stage_pod(run, "ocr", "pod-2"))
        assert other.chat().status == 200
        gateway.service.clock.now += 60
        assert gateway.chat().status == 200


@pytest.mark.parametrize("body", [b"", b"[]", b'{"a":', b"\xff", b'{"stream": true}'])
def test_what_is_no_request_is_refused(gateway: Gateway, body: bytes) -> None:
    assert gateway.post("chat", body).status == 400


def test_a_server_is_never_sent_to_fetch_a_picture(gateway: Gateway, server: ModelServer) -> None:
    for address in ("http://169.254.169.254/latest", "file:///etc/passwd", ""):
        part = {"type": "image_url", "image_url": {"url": address}}
        messages = [{"role": "user", "content": [{"type": "text", "text": "Look"}, part]}]
        assert gateway.post("vision", {"messages": messages}).status == 400
    assert server.requests == []


def test_an_upload_that_is_no_form_is_refused(gateway: Gateway, server: ModelServer) -> None:
    address = "/v1/models/transcription/audio/transcriptions"
    for kind, body in (
        ("application/json", b"{}"),
        ("multipart/form-data", b"--edge--"),
        ("multipart/form-data; boundary=edge", b"no boundary at all"),
        ("multipart/form-data; boundary=edge", b"--edge\r\nno head"),
    ):
        headers = {"Content-Type": kind}
        answer = gateway.service.ask("POST", address, gateway.token, body, headers)
        assert answer.status == 400, (kind, body, answer.body)
    assert server.state.report()["at_once"] == 0


def test_what_a_server_can_do_is_asked_once_and_kept(gateway: Gateway, server: ModelServer) -> None:
    assert gateway.get("/v1/models").json["roles"]["vision"]["images"] is None
    for _ in range(3):
        facts = gateway.get("/v1/models/vision").json
        assert (facts["jsonSchema"], facts["images"], facts["retries"]) == (True, True, 5)
    assert len(server.requests) == 2
    assert gateway.get("/v1/models").json["roles"]["vision"]["images"] is True


def test_a_simple_server_is_seen_to_be_one(tmp_path: Path) -> None:
    simple = {"keeps_to_schema": False, "takes_pictures": False}
    with running(**simple) as server, opened(tmp_path, server.url) as gateway:
        facts = gateway.get("/v1/models/vision").json
    assert (facts["jsonSchema"], facts["images"]) == (False, False)


def test_a_server_that_is_away_is_asked_again_but_not_all_the_time(
    gateway: Gateway, server: ModelServer
) -> None:
    server.show("server error")
    for _ in range(3):
        assert gateway.get("/v1/models/chat").json["jsonSchema"] is None
    assert len(server.requests) == 1
    server.recover()
    gateway.service.clock.now += 11
    assert gateway.get("/v1/models/chat").json["jsonSchema"] is True


def test_neither_prompt_nor_reply_nor_model_nor_key_is_ever_logged(
    gateway: Gateway, server: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    seen = [gateway.chat()]
    for kind in ("server error", "rate limit", "cut", "no protocol"):
        server.show(kind)
        seen.append(gateway.chat())
    server.recover()
    server.state.key = "another"
    seen.append(gateway.chat())
    text = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert "model endpoint" in text
    for secret in (PROMPT, "You said", "marmalade", MODEL, KEY):
        assert secret not in text
    for answer in seen[1:]:
        for secret in (PROMPT, "marmalade", MODEL, KEY, "Incorrect", "127.0.0.1"):
            assert secret not in answer.body.decode()


def until(condition: Any, seconds: float = 5) -> None:
    """Wait for it."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.01)
