"""A request for another protocol: what is sent, what comes back, and what is no answer."""

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest

from stagework.cli.tunnel import pass_on, upgraded


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Generator[str]:
    """Its base URL; it takes one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(10)


def say(connection: socket.socket, answer: bytes) -> None:
    """Once it was asked: what is left unread would end the connection with a reset."""
    connection.recv(4096)
    connection.sendall(answer)


def test_what_came_behind_the_head_is_not_lost() -> None:
    heard: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        heard.append(connection.recv(4096))
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nA: b")
        connection.sendall(b"\r\n\r\nfirst frame")
        connection.recv(1)

    with server(answer) as url:
        begun = upgraded(url, "/proxy/v1/queue/live?x=1", {"Upgrade": "websocket"}, None, None)
        assert (begun.answer.status, begun.answer.headers) == (101, {"A": "b"})
        assert begun.connection is not None
        first = begun.first
        while first != b"first frame":
            first += begun.connection.recv(1024)
        begun.connection.close()
    host = url.removeprefix("http://")
    lines = heard[0].decode().split("\r\n")
    assert lines[:3] == [
        "GET /proxy/v1/queue/live?x=1 HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
    ]


def test_a_refusal_is_an_answer_without_a_connection() -> None:
    refusal = b"HTTP/1.1 403 Forbidden\r\n\r\n"
    with server(lambda connection: say(connection, refusal)) as url:
        begun = upgraded(url, "/", {}, None, None)
    assert (begun.answer.status, begun.connection) == (403, None)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 101", b"nonsense\r\n\r\n"])
def test_what_is_no_answer_is_an_error(said: bytes) -> None:
    with (
        server(lambda connection: say(connection, said)) as url,
        pytest.raises(OSError, match="the answer"),
    ):
        upgraded(url, "/", {}, None, None)


def test_nobody_slips_a_header_in() -> None:
    with (
        server(lambda connection: connection.close()) as url,
        pytest.raises(OSError, match="line's end"),
    ):
        upgraded(url, "/", {"A": "b\r\nCookie: c"}, None, None)


def test_the_end_of_one_side_is_the_end_of_both() -> None:
    page, ours = socket.socketpair()
    service, theirs = socket.socketpair()
    thread = threading.Thread(target=pass_on, args=(ours, theirs))
    thread.start()
    page.sendall(b"x")
    assert service.recv(1) == b"x"
    service.close()
    thread.join(10)
    assert not thread.is_alive()
    for end in (page, ours, theirs):
        end.close()
