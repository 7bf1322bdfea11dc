"""The server: routes of the protocol under /v1, and two of the tests' own.

POST /control {"fault": {...} | null}      from now on show this fault
GET  /control                              what was seen so far
"""

import base64
import json
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, cast

from tests.support.modelserver import answers
from tests.support.modelserver.faults import Fault, State

KEY = "key-of-the-test-server"
"""What `Authorization` must carry."""
MODEL = "raw-model-name-13b"
"""The only model that it has."""


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    state: ClassVar[State]

    def do_GET(self) -> None:
        """What was seen; anything else is not here."""
        if self.path == "/control":
            self._json(200, self.state.report())
        else:
            self._error(404, "not here")

    def do_POST(self) -> None:
        """A request of the protocol, or one of the tests'."""
        raw = self._body()
        if self.path == "/control":
            fault = json.loads(raw).get("fault")
            self.state.show(Fault(**fault) if fault else None)
            self._json(200, {})
            return
        upload = self.path == "/v1/audio/transcriptions"
        body = self._form(raw) if upload else json.loads(raw)
        key = self.headers.get("Authorization", "").removeprefix("Bearer ")
        fault = self.state.begins(self.path, str(body.get("model", "")), key)
        try:
            self._answer(body, key, fault)
        finally:
            self.state.ends()

    def _answer(self, body: dict[str, Any], key: str, fault: Fault | None) -> None:
        if key != self.state.key:
            self._error(401, f"Incorrect API key provided: {key}")
            return
        if body.get("model") != self.state.model:
            self._error(404, f"The model {body.get('model')} does not exist")
            return
        if fault is not None and self._shown(fault):
            return
        route = {
            "/v1/chat/completions": self._chat,
            "/v1/images/generations": self._picture,
            "/v1/embeddings": self._vectors,
            "/v1/audio/transcriptions": self._transcript,
        }.get(self.path)
        if route is None:
            self._error(404, "not here")
        else:
            route(body, fault)

    def _shown(self, fault: Fault) -> bool:
        """Show a fault; True where that was the whole answer."""
        if fault.kind == "slow":
            time.sleep(fault.seconds)
        elif fault.kind == "rate limit":
            self._error(429, "Rate limit reached", {"Retry-After": f"{fault.seconds:g}"})
        elif fault.kind == "server error":
            self._error(500, f"{self.state.model} has crashed")
        elif fault.kind == "no protocol":
            self._send(200, b"<html>no protocol</html>", "text/html")
        elif fault.kind == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"choices": [')
            self.close_connection = True
        return fault.kind not in ("slow", "invalid JSON", "wrong schema")

    def _chat(self, body: dict[str, Any], fault: Fault | None) -> None:
        if "response_format" in body and not self.state.keeps_to_schema:
            self._error(400, "response_format is not supported")
            return
        if not self.state.takes_pictures and "image_url" in json.dumps(body):
            self._error(400, f"{self.state.model} takes no pictures")
            return
        content = answers.chat(body)
        if fault is not None and fault.kind == "invalid JSON":
            content = content[: len(content) // 2] + '"'
        if fault is not None and fault.kind == "wrong schema":
            content = '{"surprise": true}'
        message = {"role": "assistant", "content": content}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        named = {"model": self.state.model, "system_fingerprint": f"fp-{self.state.model}"}
        self._json(200, {"id": "1", "choices": [choice], "usage": usage, **named})

    def _picture(self, body: dict[str, Any], _: Fault | None) -> None:
        width, _x, height = body["size"].partition("x")
        made = answers.png(body["prompt"], int(width), int(height))
        encoded = base64.b64encode(made).decode()
        self._json(200, {"created": 1, "data": [{"b64_json": encoded}]})

    def _vectors(self, body: dict[str, Any], fault: Fault | None) -> None:
        texts = cast("list[str]", body["input"])
        if fault is not None and fault.kind == "wrong schema":
            texts = texts[1:]
        data = [{"index": i, "embedding": answers.vector(t)} for i, t in enumerate(texts)]
        self._json(200, {"object": "list", "data": data, "model": self.state.model})

    def _transcript(self, body: dict[str, Any], _: Fault | None) -> None:
        self._json(200, answers.transcript(body["file"]))

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        held = bytearray()
        while size := int(self.rfile.readline(), 16):
            held += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return bytes(held)

    def _form(self, raw: bytes) -> dict[str, Any]:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        form = BytesParser(policy=HTTP).parsebytes(head + raw)
        fields: dict[str, Any] = {}
        for part in form.iter_parts():
            name = part.get_param("name", header="Content-Disposition")
            content = cast("bytes", part.get_payload(decode=True))
            fields[str(name)] = content if name == "file" else content.decode()
        return fields

    def _error(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        body = json.dumps({"error": {"message": text, "type": "error"}}).encode()
        self._send(status, body, "application/json", headers)

    def _json(self, status: int, document: object) -> None:
        self._send(status, json.dumps(document).encode(), "application/json")

    def _send(
        self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests have nothing to read in it."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that hangs up is part of the tests."""


@dataclass(frozen=True)
class ModelServer:
    """A running server."""

    state: State
    port: int

    @property
    def url(self) -> str:
        """Base URL for the settings."""
        return f"http://127.0.0.1:{self.port}/v1"

    def show(self, kind: str, times: int = -1, seconds: float = 0.0) -> None:
        """From now on show this fault."""
        self.state.show(Fault(kind, times, seconds))

    def recover(self) -> None:
        """Show no fault any more."""
        self.state.show(None)

    @property
    def requests(self) -> list[dict[str, Any]]:
        """What came in so far."""
        return self.state.report()["requests"]


def make(
    port: int,
    *,
    host: str = "127.0.0.1",
    key: str = KEY,
    model: str = MODEL,
    keeps_to_schema: bool = True,
    takes_pictures: bool = True,
) -> tuple[_Server, ModelServer]:
    """A server that listens and does not serve yet; port 0 takes a free one."""
    state = State(key, model, keeps_to_schema=keeps_to_schema, takes_pictures=takes_pictures)
    handler = type("BoundHandler", (Handler,), {"state": state})
    server = _Server((host, port), handler)
    return server, ModelServer(state, server.server_address[1])


@contextmanager
def running(**given: Any) -> Generator[ModelServer]:
    """Serve on a thread until the end of the block."""
    server, model_server = make(given.pop("port", 0), **given)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield model_server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
