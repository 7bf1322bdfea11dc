"""The port of the metrics: whoever holds connections holds few of them, and not for long."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from prometheus_client import CollectorRegistry, Gauge

from stagework.controllers.metrics_server import AT_ONCE, PER_PEER, BoundedServer, start


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[BoundedServer]:
    """One that ends connections after a second."""
    monkeypatch.setattr(BoundedServer, "seconds", 1.0)
    registry = CollectorRegistry()
    Gauge("stagework_leader", "1 while this process holds the Lease.", registry=registry).set(1)
    started = start(0, registry, "127.0.0.1")
    yield started
    started.shutdown()
    started.server_close()


def scraped(server: BoundedServer, source: str = "127.0.0.1") -> str:
    """What a scrape from that address is answered; empty: its connection was ended."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", server.server_port, timeout=10, source_address=(source, 0)
    )
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    except (ConnectionError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def silent(server: BoundedServer, source: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.server_port), 10, (source, 0))


def test_metrics_are_given(server: BoundedServer) -> None:
    for _ in range(2 * AT_ONCE):
        assert "stagework_leader 1.0" in scraped(server)


def test_one_address_holds_a_few_connections_and_others_are_served(server: BoundedServer) -> None:
    with ExitStack() as held:
        for _ in range(PER_PEER):
            held.enter_context(silent(server, "127.0.0.2"))
        assert scraped(server, "127.0.0.2") == ""
        assert "stagework_leader 1.0" in scraped(server)


def test_a_connection_that_says_nothing_or_too_little_is_ended(server: BoundedServer) -> None:
    with silent(server, "127.0.0.1") as nothing, silent(server, "127.0.0.1") as half:
        half.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n")
        assert nothing.recv(1) == b""
        assert half.recv(4096)[:1] in (b"", b"H")
    while not scraped(server):
        pass
