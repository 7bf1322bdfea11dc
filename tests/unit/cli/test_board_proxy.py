"""The board's proxy: who may use it, and what it passes on."""

import http.client
import socket
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field

import pytest

from stagework.cli.board_proxy import BoardProxy
from stagework.cli.cluster import Answer, Streamed, Upgraded
from stagework.cli.errors import ClusterUnreachable, CommandError


@dataclass
class Upstream:
    """Answers everything, and keeps what it was asked."""

    answer: Answer = field(
        default_factory=lambda: Answer(
            200,
            b'{"seq": 1}',
            {"content-type": "application/json", "etag": '"1"', "set-cookie": "a=b"},
        )
    )
    asked: list[tuple[str, str, Mapping[str, str], bytes | None]] = field(
        default_factory=list[tuple[str, str, Mapping[str, str], bytes | None]]
    )
    error: CommandError | None = None
    first: list[Answer] = field(default_factory=list[Answer])
    """What it answers before that."""
    pieces: Iterator[bytes] | None = None
    """What comes as a body, in place of the answer's own."""
    forgotten: int = 0
    refuses: int = 0
    """Status with which it refuses another protocol; 0: it does not."""
    service: socket.socket | None = None

    def forward(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> AbstractContextManager[Streamed]:
        """Keep it."""
        self.asked.append((method, target, headers, body))
        if self.error is not None:
            raise self.error
        answer = self.first.pop() if self.first else self.answer
        pieces = iter((answer.body,)) if self.pieces is None else self.pieces
        return nullcontext(Streamed(answer.status, answer.headers, pieces))

    def upgrade(self, target: str, headers: Mapping[str, str]) -> Upgraded:
        """One end of a pair of sockets; the other one is the test's."""
        self.asked.append(("GET", target, headers, None))
        if self.error is not None:
            raise self.error
        if self.refuses:
            return Upgraded(Answer(self.refuses))
        self.service, ours = socket.socketpair()
        accept = {"sec-websocket-accept": "yes", "set-cookie": "a=b"}
        return Upgraded(Answer(101, b"", accept), ours, b"first")

    def forget(self) -> None:
        """Keep that, too."""
        self.forgotten += 1


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def proxy(upstream: Upstream) -> Iterator[BoardProxy]:
    with BoardProxy(upstream) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield proxy
        proxy.shutdown()
        thread.join(5)


@dataclass(frozen=True)
class Got:
    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(
    proxy: BoardProxy,
    path: str,
    *,
    secret: str | None = None,
    body: bytes | None = None,
    **headers: str,
) -> Got:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=60)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        where = f"/{proxy.secret if secret is None else secret}{path}"
        connection.request("GET" if body is None else "POST", where, body, sent)
        response = connection.getresponse()
        return Got(response.status, dict(response.getheaders()), response.read())
    finally:
        connection.close()


def origin(proxy: BoardProxy) -> str:
    return f"http://127.0.0.1:{proxy.port}"


def test_it_passes_on_what_the_page_asks_and_neither_cookies_nor_proofs(
    proxy: BoardProxy, upstream: Upstream
) -> None:
    got = ask(
        proxy,
        "/v1/queue?namespace=team",
        If_None_Match='"0"',
        Authorization="Bearer mine",
        Cookie="a=b",
    )

    assert (got.status, got.body) == (200, b'{"seq": 1}')
    assert got.headers["ETag"] == '"1"'
    assert "Set-Cookie" not in got.headers
    ((method, target, headers, body),) = upstream.asked
    assert (method, target, body) == ("GET", "/v1/queue?namespace=team", None)
    assert headers == {"If-None-Match": '"0"'}


def test_what_has_not_changed_has_no_body(proxy: BoardProxy, upstream: Upstream) -> None:
    upstream.answer = Answer(304, b"", {"etag": '"1"'})
    assert ask(proxy, "/v1/queue").status == 304


@contextmanager
def opened(proxy: BoardProxy, path: str) -> Generator[http.client.HTTPResponse]:
    """An answer of which only the head has been read."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=20)
    with closing(connection):
        connection.request("GET", f"/{proxy.secret}{path}")
        yield connection.getresponse()


def test_a_file_is_passed_on_as_it_comes(proxy: BoardProxy, upstream: Upstream) -> None:
    seen = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"first "
        assert seen.wait(20)
        yield b"second"

    upstream.answer, upstream.pieces = Answer(200, b"", {"content-length": "12"}), pieces()
    with opened(proxy, "/v1/artifacts/a/b") as response:
        assert response.read(6) == b"first "
        seen.set()
        assert response.read() == b"second"


def test_a_file_that_breaks_off_is_cut_and_nothing_is_taken_for_its_rest(
    proxy: BoardProxy, upstream: Upstream
) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"first "
        raise ClusterUnreachable("no answer", command="kubectl cluster-info")

    upstream.answer, upstream.pieces = Answer(200, b"", {"content-length": "9000"}), pieces()
    with opened(proxy, "/v1/artifacts/a/b") as response:
        with pytest.raises(http.client.IncompleteRead) as caught:
            response.read()
        assert caught.value.partial == b"first "


def test_it_listens_on_loopback_alone(proxy: BoardProxy) -> None:
    assert proxy.server_address[0] == "127.0.0.1"
    assert proxy.address == f"{origin(proxy)}/{proxy.secret}/board/"


@pytest.mark.parametrize("secret", ["", "x", "board"])
def test_without_the_secret_nothing_is_passed_on(
    proxy: BoardProxy, upstream: Upstream, secret: str
) -> None:
    assert ask(proxy, "/v1/queue", secret=secret).status == 403
    assert upstream.asked == []


@pytest.mark.parametrize(
    "path",
    ["/api/v1/secrets", "/", "/v1", "/board/../v1/queue", "/v1/..%2f..%2fsecrets", "/v1//queue"],
)
def test_only_the_board_and_the_routes_are_passed_on(
    proxy: BoardProxy, upstream: Upstream, path: str
) -> None:
    assert ask(proxy, path).status == 403
    assert upstream.asked == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:1"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
    ids=str,
)
def test_pages_from_elsewhere_get_nothing_even_with_the_secret(
    proxy: BoardProxy, upstream: Upstream, headers: dict[str, str]
) -> None:
    assert ask(proxy, "/v1/queue", body=None, **headers).status == 403
    assert upstream.asked == []


def test_a_change_must_come_from_our_own_page(proxy: BoardProxy, upstream: Upstream) -> None:
    assert ask(proxy, "/v1/failed/retry", body=b"{}").status == 403
    assert upstream.asked == []
    assert ask(proxy, "/v1/failed/retry", body=b"{}", Origin=origin(proxy)).status == 200
    ((method, _, _, body),) = upstream.asked
    assert (method, body) == ("POST", b"{}")


def test_a_body_that_is_too_large_is_not_read(proxy: BoardProxy, upstream: Upstream) -> None:
    got = ask(proxy, "/v1/failed/retry", body=b"", Origin=origin(proxy), Content_Length=str(2**30))
    assert got.status == 413
    assert upstream.asked == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ClusterUnreachable("no answer", command="kubectl cluster-info"), 502),
        (CommandError("no tickets", command="stagework doctor"), 403),
    ],
    ids=["unreachable", "refused"],
)
def test_what_keeps_it_from_asking_is_told_to_the_page(
    proxy: BoardProxy, upstream: Upstream, error: CommandError, status: int
) -> None:
    upstream.error = error
    got = ask(proxy, "/v1/queue")

    assert got.status == status
    assert error.message.encode() in got.body
    assert error.command.encode() in got.body


def test_a_service_that_has_forgotten_us_is_asked_with_a_new_proof(
    proxy: BoardProxy, upstream: Upstream
) -> None:
    upstream.first = [Answer(401)]
    assert ask(proxy, "/v1/queue").status == 200
    assert (len(upstream.asked), upstream.forgotten) == (2, 1)


def test_each_proxy_has_a_secret_of_its_own(upstream: Upstream) -> None:
    with BoardProxy(upstream) as one, BoardProxy(upstream) as other:
        assert one.secret != other.secret
        assert len(one.secret) >= 32


# --- live


def switched(proxy: BoardProxy, path: str = "/v1/queue/live", **headers: str) -> socket.socket:
    """A connection of which the request for another protocol has been sent."""
    given = {"Origin": origin(proxy), "Sec_WebSocket_Key": "abc", "Cookie": "a=b", **headers}
    lines = [
        f"GET /{proxy.secret}{path} HTTP/1.1",
        f"Host: 127.0.0.1:{proxy.port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        *(f"{name.replace('_', '-')}: {value}" for name, value in given.items() if value),
    ]
    connection = socket.create_connection(("127.0.0.1", proxy.port), 10)
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    return connection


def read_until(connection: socket.socket, ending: bytes) -> bytes:
    read = b""
    while not read.endswith(ending):
        piece = connection.recv(1024)
        assert piece, read
        read += piece
    return read


def test_live_news_are_carried_both_ways_as_they_are(proxy: BoardProxy, upstream: Upstream) -> None:
    with switched(proxy) as connection:
        head = read_until(connection, b"first")
        assert head.startswith(b"HTTP/1.1 101 ")
        assert b"Sec-WebSocket-Accept: yes" in head
        assert b"a=b" not in head
        service = upstream.service
        assert service is not None
        connection.sendall(b"to the service")
        assert read_until(service, b"to the service")
        service.sendall(b"to the page")
        assert read_until(connection, b"to the page")
        service.close()
        assert connection.recv(1) == b""
    ((_, target, headers, _),) = upstream.asked
    assert target == "/v1/queue/live"
    assert headers == {
        "Sec-WebSocket-Key": "abc",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
    }


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/queue/live", {"Origin": "http://evil.example"}),
        ("/v1/queue/live", {"Origin": ""}),
        ("/v1/queue/live", {"Sec_Fetch_Site": "cross-site"}),
        ("/v1/queue", {}),
        ("/api/v1/live", {}),
    ],
    ids=str,
)
def test_nobody_but_our_page_is_connected_and_to_live_news_alone(
    proxy: BoardProxy, upstream: Upstream, path: str, headers: dict[str, str]
) -> None:
    with switched(proxy, path, **headers) as connection:
        assert read_until(connection, b"}").startswith(b"HTTP/1.1 403 ")
    assert upstream.asked == []


def test_a_service_that_refuses_or_is_away_is_told_to_the_page(
    proxy: BoardProxy, upstream: Upstream
) -> None:
    upstream.refuses = 429
    with switched(proxy) as connection:
        assert read_until(connection, b"}").startswith(b"HTTP/1.1 429 ")
    upstream.error = ClusterUnreachable("no answer")
    with switched(proxy) as connection:
        assert read_until(connection, b"}").startswith(b"HTTP/1.1 502 ")
