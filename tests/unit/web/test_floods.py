"""Clients that are slow, many, or both: what they take ends, and others are served meanwhile."""

import asyncio
import hashlib
import logging
import socket
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from stagework.settings import ApiServiceSettings
from stagework.web import bodies, connections, server
from stagework.web.auth import review_budget
from stagework.web.user import User
from tests.unit.web.fake_sign_ins import SECRET
from tests.unit.web.service import Service, running

HALF_HEAD = b"GET /v1/input HTTP/1.1\r\nHost: x\r\nX-Slow: "
MINE = "team/run-1/ocr/1-pod-1"
WAIT = 0.3
"""Seconds that a proof waits for its address."""


@contextmanager
def connected(
    port: int, count: int, sources: Sequence[str] = ("127.0.0.1",)
) -> Generator[list[socket.socket]]:
    """So many connections, from these addresses by turns."""
    opened: list[socket.socket] = []
    try:
        for number in range(count):
            source = sources[number % len(sources)]
            opened.append(socket.create_connection(("127.0.0.1", port), 10, (source, 0)))
        yield opened
    finally:
        for one in opened:
            one.close()


def is_ended(one: socket.socket) -> bool:
    """Whether the other side ends it within the socket's time, with whatever it says before."""
    try:
        while one.recv(4096):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def is_open(one: socket.socket) -> bool:
    one.settimeout(0.2)
    return not is_ended(one)


def drip(one: socket.socket, seconds: float) -> bool:
    """Send a byte every now and then; whether the other side has ended it by then."""
    one.settimeout(0.05)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            one.sendall(b"x")
        except ConnectionError:
            return True
        if is_ended(one):
            return True
    return False


@contextmanager
def impatient(root: Path) -> Generator[Service]:
    """A service that waits a second for a head."""
    with running(root, api=ApiServiceSettings(headSeconds=1)) as service:
        yield service


def test_half_heads_are_ended_and_others_are_served_meanwhile(tmp_path: Path) -> None:
    with impatient(tmp_path) as service, connected(service.port, 60) as slow:
        for one in slow:
            one.sendall(HALF_HEAD)
        assert service.ask("GET", "/livez").status == 200
        assert all(is_ended(one) for one in slow)


def test_a_connection_that_says_nothing_is_ended(tmp_path: Path) -> None:
    with impatient(tmp_path) as service, connected(service.port, 1) as (silent,):
        assert is_ended(silent)


def test_a_dripping_head_gains_no_time_also_after_an_answer(tmp_path: Path) -> None:
    with impatient(tmp_path) as service, connected(service.port, 2) as (first, second):
        first.sendall(HALF_HEAD)
        second.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert second.recv(4096).startswith(b"HTTP/1.1 200")
        second.sendall(HALF_HEAD)
        assert drip(first, 10)
        assert drip(second, 10)


def test_one_address_has_so_many_connections_and_others_have_theirs(tmp_path: Path) -> None:
    with running(tmp_path, api=ApiServiceSettings(maxConnectionsPerPeer=5)) as service:
        with connected(service.port, 5) as held:
            with connected(service.port, 3) as more:
                assert all(is_ended(one) for one in more)
            assert all(is_open(one) for one in held)
            assert service.ask("GET", "/livez", source="127.0.0.2").status == 200
        wait_for_room(service)


def wait_for_room(service: Service) -> None:
    """What has ended makes room: the next one is served."""
    deadline = time.monotonic() + 10
    while True:
        try:
            assert service.ask("GET", "/livez").status == 200
        except ConnectionError:
            assert time.monotonic() < deadline
        else:
            return


def test_all_connections_together_stay_below_what_the_process_may_open(tmp_path: Path) -> None:
    few = 4
    descriptors = 2 * server.BACKLOG + 3 * few
    assert server.connections_for(descriptors) == few
    sources = [f"127.0.0.{number}" for number in range(2, 12)]
    with (
        running(tmp_path, descriptors=descriptors) as service,
        connected(service.port, few, sources) as held,
    ):
        with connected(service.port, 5, sources[few:]) as more:
            assert all(is_ended(one) for one in more)
        assert all(is_open(one) for one in held)


def test_heartbeats_and_probes_are_served_while_the_other_port_is_full(tmp_path: Path) -> None:
    with running(tmp_path, api=ApiServiceSettings(maxConnectionsPerPeer=3)) as service:
        token = service.cluster.stage_pod(service.cluster.run(), "ocr", "pod-1")
        with connected(service.port, 3), connected(service.port, 1) as (refused,):
            assert is_ended(refused)
            beat = service.ask(
                "POST", "/v1/heartbeats", token, b'{"done": 3}', port=service.heartbeat_port
            )
            assert beat.status == 204
            for path in ("/livez", "/readyz"):
                assert service.ask("GET", path, port=service.heartbeat_port).status == 200


@pytest.mark.parametrize("path", ["/v1/input", f"/v1/artifacts/{MINE}/x", "/board", "/v1/none"])
def test_the_port_of_heartbeats_has_nothing_else(service: Service, path: str) -> None:
    token = service.cluster.stage_pod(service.cluster.run(), "ocr", "pod-1")
    answer = service.ask("GET", path, token, port=service.heartbeat_port)
    assert (answer.status, answer.json["hint"]) == (404, "use the other one")


def test_the_other_port_hears_pods_that_know_of_no_second_one(service: Service) -> None:
    token = service.cluster.stage_pod(service.cluster.run(), "ocr", "pod-1")
    assert service.ask("POST", "/v1/heartbeats", token, b"{}").status == 204


def upload_head(
    token: str, size: int, path: str = f"/v1/artifacts/{MINE}/x", digest: str = ""
) -> bytes:
    """The head of an upload of so many times `x`."""
    digest = digest or hashlib.sha256(b"x" * size).hexdigest()
    return (
        f"PUT {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"X-Content-SHA256: {digest}\r\n"
        f"Content-Length: {size}\r\n\r\n"
    ).encode()


def test_a_dripping_body_is_ended_with_a_reason_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "GRACE_SECONDS", 0.3)
    with running(tmp_path / "volume", api=ApiServiceSettings(leastBytesPerSecond=1000)) as service:
        token = service.cluster.stage_pod(service.cluster.run(), "ocr", "pod-1")
        with connected(service.port, 1) as (slow,):
            slow.sendall(upload_head(token, 1000))
            said = b""
            slow.settimeout(0.05)
            for _ in range(200):  # ten seconds at most
                try:
                    slow.sendall(b"x")
                    said += slow.recv(4096)
                except TimeoutError:
                    continue
                except ConnectionError:
                    break
                if said:
                    break
            assert said.startswith(b"HTTP/1.1 408 ")
            assert b"the body comes too slowly" in said
        assert service.stored() == []


def test_a_body_that_is_fast_on_the_whole_may_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "GRACE_SECONDS", 0.1)
    with running(tmp_path / "volume", api=ApiServiceSettings(leastBytesPerSecond=1000)) as service:
        token = service.cluster.stage_pod(service.cluster.run(), "ocr", "pod-1")
        with connected(service.port, 1) as (uneven,):
            uneven.sendall(upload_head(token, 2000) + b"x" * 1900)
            assert not is_ended_within(uneven, 0.5)
            uneven.sendall(b"x" * 100)
            uneven.settimeout(10)
            assert uneven.recv(4096).startswith(b"HTTP/1.1 201 ")


def is_ended_within(one: socket.socket, seconds: float) -> bool:
    one.settimeout(seconds)
    return is_ended(one)


def test_a_body_is_not_waited_for_longer_than_all_in_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "GRACE_SECONDS", 60.0)
    with running(tmp_path / "volume", api=ApiServiceSettings(maxBodySeconds=1)) as service:
        token = service.cluster.stage_pod(service.cluster.run(), "ocr", "pod-1")
        with connected(service.port, 1) as (slow,):
            slow.sendall(upload_head(token, 1000) + b"x" * 10)
            assert slow.recv(4096).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_nobody_reads_does_not_hold_its_connection(tmp_path: Path) -> None:
    with impatient(tmp_path) as service, connected(service.port, 1) as (one,):
        one.sendall(upload_head("nothing", 100_000))
        assert one.recv(4096).startswith(b"HTTP/1.1 401 ")
        assert drip(one, 10)


def test_an_answer_that_is_not_taken_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "STALLED_SECONDS", 0.5)
    volume = tmp_path / "volume"
    limits = ApiServiceSettings(maxConnectionsPerPeer=1)
    with running(volume, api=limits, maxFileBytes=2**30) as service:
        alice = service.cluster.person("alice", ("get", "team"))
        (volume / MINE).mkdir(parents=True)
        with (volume / MINE / "big").open("wb") as big:
            big.truncate(64 * 2**20)
        with socket.socket() as idle:
            idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            idle.connect(("127.0.0.1", service.port))
            idle.sendall(
                f"GET /v1/artifacts/{MINE}/big HTTP/1.1\r\nHost: x\r\n"
                f"Authorization: Bearer {alice}\r\n\r\n".encode()
            )
            wait_for_room(service)


class TestReviews:
    """Tokens that nobody knows cost the API server a review, and their address time."""

    @pytest.fixture
    def slowed(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
        """A service to which this address has sent so many bad tokens that its next ones wait."""
        monkeypatch.setattr(review_budget, "WAIT_SECONDS", WAIT)
        for number in range(review_budget.BURST):
            assert service.ask("GET", "/v1/input", f"nothing-{number}").status == 401
        return service

    def test_bad_tokens_slow_their_address_whatever_a_header_says_of_it(
        self, slowed: Service
    ) -> None:
        began = time.monotonic()
        for number in range(3):
            elsewhere = {"X-Forwarded-For": f"10.0.0.{number}"}
            bad = f"nothing-more-{number}"
            assert slowed.ask("GET", "/v1/input", bad, headers=elsewhere).status == 401
        assert time.monotonic() - began >= 3 * WAIT

    def test_a_good_token_of_a_slowed_address_is_good(self, slowed: Service) -> None:
        alice = slowed.cluster.person("alice", ("get", "team"))
        assert slowed.ask("GET", f"/v1/artifacts/{MINE}/", alice).status == 200

    def test_bad_sign_ins_are_slowed_too_and_a_good_one_is_good(self, slowed: Service) -> None:
        began = time.monotonic()
        good = slowed.cluster.sign_ins.make(User("alice"))
        for proof, status in ((f"team/none/{SECRET}", 401), (good, 201)):
            header = {"Authorization": f"SignIn {proof}"}
            assert slowed.ask("POST", "/v1/tickets", headers=header).status == status
        assert time.monotonic() - began >= 2 * WAIT

    def test_good_tokens_are_never_held_up(self, service: Service) -> None:
        for number in range(2 * review_budget.BURST):
            token = service.cluster.person(f"person-{number}", ("get", "team"))
            assert service.ask("GET", f"/v1/artifacts/{MINE}/", token).status == 200

    def test_an_api_server_that_is_away_uses_up_nothing(self, service: Service) -> None:
        service.cluster.is_away = True
        for number in range(2 * review_budget.BURST):
            assert service.ask("GET", "/v1/input", f"token-{number}").status == 503


def test_errors_of_taking_connections_are_said_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0
    loop = asyncio.new_event_loop()
    handler = server.QuietAcceptErrors(lambda: now)
    context = {
        "message": "socket.accept() out of system resource",
        "exception": OSError(24, "Too many open files"),
    }
    with caplog.at_level(logging.ERROR, "stagework.web"):
        for _ in range(100):
            handler(loop, context)
        assert [record.__dict__["times"] for record in caplog.records] == [1]
        now = server.LOGGED_SECONDS
        handler(loop, context)
    assert [record.__dict__["times"] for record in caplog.records] == [1, 100]
    loop.close()
