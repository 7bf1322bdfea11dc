import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from stagework.cli.connection import KubeConnection
from stagework.cli.errors import ClusterUnreachable, NotThere


class Handler(BaseHTTPRequestHandler):
    """Answers as an API server would; `/moved` points at an object store (also this server)."""

    over: ClassVar = threading.Event()
    """Who has asked for `/held` has gone."""
    seen: ClassVar[list[tuple[str, str, dict[str, str], bytes]]] = []

    def do_GET(self) -> None:
        self._note(b"")
        if self.path.startswith("/watch"):
            self._send(200, b'{"n":1}\n{"n":2}\n')
        elif self.path == "/file":
            self._send(200, b"content")
        elif self.path == "/held":
            self.protocol_version = "HTTP/1.1"  # whoever asks keeps the connection
            self.send_response(200)
            self.send_header("Content-Length", "20")
            self.end_headers()
            self.wfile.write(b"first")
            self.over.wait(20)
        elif self.path == "/moved":
            self.send_response(307)
            self.send_header("Location", f"http://{self.headers['Host']}/file")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._send(404, json.dumps({"kind": "Status", "message": "no"}).encode())

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._note(body)
        self._send(201, b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def _note(self, body: bytes) -> None:
        self.seen.append((self.command, self.path, dict(self.headers.items()), body))

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[KubeConnection]:
    Handler.seen.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield KubeConnection(str(kubeconfig(tmp_path, server.server_port)))
    server.shutdown()
    thread.join()
    server.server_close()


def kubeconfig(folder: Path, port: int) -> Path:
    file = folder / "config"
    body = {
        "current-context": "here",
        "contexts": [
            {"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "ads"}}
        ],
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "u", "user": {"token": "secret"}}],
    }
    file.write_text(json.dumps(body))
    return file


def test_the_kubeconfig_gives_server_namespace_and_token(connection: KubeConnection) -> None:
    assert connection.server.startswith("http://127.0.0.1:")
    assert connection.namespace == "ads"
    assert connection.bearer_token == "secret"


def test_a_request_carries_our_proof_and_any_answer_comes_back(
    connection: KubeConnection,
) -> None:
    answer = connection.request("GET", "/nope", query={"a": "b c"})
    assert answer.missing
    _, path, headers, _ = Handler.seen[-1]
    assert path == "/nope?a=b+c"
    assert headers["authorization"] == "Bearer secret"


def test_a_file_is_sent_as_it_is(connection: KubeConnection, tmp_path: Path) -> None:
    file = tmp_path / "x.bin"
    file.write_bytes(b"abc" * 1000)
    headers = {"Content-Length": "3000"}
    assert connection.request("PUT", "/up", body=file, headers=headers).status == 201
    assert Handler.seen[-1][3] == b"abc" * 1000


def test_a_watch_gives_line_by_line(connection: KubeConnection) -> None:
    assert list(connection.lines("/watch", {}, timeout_seconds=60)) == [b'{"n":1}', b'{"n":2}']


def test_a_watch_that_cannot_begin_is_an_error(connection: KubeConnection) -> None:
    with pytest.raises(NotThere):
        list(connection.lines("/nope", {}, timeout_seconds=60))


def test_a_download_lands_in_its_file_whole(connection: KubeConnection, tmp_path: Path) -> None:
    into = tmp_path / "deep" / "file"
    assert connection.download("/file", into, headers={}).status == 200
    assert into.read_bytes() == b"content"
    assert [path.name for path in into.parent.iterdir()] == ["file"]


def test_a_refused_download_leaves_no_file(connection: KubeConnection, tmp_path: Path) -> None:
    assert connection.download("/nope", tmp_path / "f", headers={}).missing
    assert not (tmp_path / "f").exists()


def test_a_presigned_address_never_sees_who_we_are(
    connection: KubeConnection, tmp_path: Path
) -> None:
    private = {"X-Stagework-Authorization": "Bearer made"}
    assert connection.download("/moved", tmp_path / "f", headers=private).status == 200
    _, path, headers, _ = Handler.seen[-1]
    assert path == "/file"
    assert not [key for key in headers if "authorization" in key.lower()]


def test_an_answer_comes_in_pieces_whatever_its_status(connection: KubeConnection) -> None:
    for path, status, body in (("/file", 200, b"content"), ("/nope", 404, b'"no"}')):
        with connection.streamed("GET", path) as answer:
            assert answer.status == status
            assert b"".join(answer.pieces).endswith(body)


def test_an_answer_that_was_not_read_to_its_end_is_in_nobodys_way(
    connection: KubeConnection,
) -> None:
    Handler.over.clear()
    with connection.streamed("GET", "/held") as answer:
        assert next(answer.pieces) == b"first"
    try:
        assert connection.request("GET", "/file").body == b"content"
    finally:
        Handler.over.set()


def test_no_answer_is_an_error_with_the_cause_and_the_next_command(tmp_path: Path) -> None:
    connection = KubeConnection(str(kubeconfig(tmp_path, 9)))
    with pytest.raises(ClusterUnreachable) as caught:
        connection.request("GET", "/version")
    assert "Connection refused" in caught.value.message
    assert caught.value.command == "kubectl cluster-info"


def test_an_absent_kubeconfig_is_an_error_with_the_next_command(tmp_path: Path) -> None:
    with pytest.raises(ClusterUnreachable) as caught:
        KubeConnection(str(tmp_path / "nope"))
    assert "no usable kubeconfig" in caught.value.message
