"""Live progress by WebSocket: numbered messages, rights, and an end when the batch is gone."""

import json
import socket
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, cast

import pytest
from websocket import ABNF, WebSocket, WebSocketBadStatusException, create_connection

from stagework.web.auth.tickets import TICKET_SECONDS
from stagework.web.live import feed
from stagework.web.live.followers import FOLLOWERS_OF_ONE_MAX
from tests.unit.web.service import Service
from tests.unit.web.test_batches import READER, RUNNING

SIGN_IN_AGAIN = (4401, "your token or ticket is not good any more: sign in again")


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "EVERY_SECONDS", 0.01)


@pytest.fixture
def token(service: Service) -> str:
    service.cluster.batches.put(**RUNNING)
    return service.cluster.person("ann", *READER)


def connect(service: Service, token: str = "", path: str = "team/photos", **more: Any) -> WebSocket:
    header = [f"Authorization: Bearer {token}"] if token else []
    url = f"ws://127.0.0.1:{service.port}/v1/batches/{path}/live"
    return create_connection(url, timeout=10, header=header, **more)


def refused(service: Service, token: str, path: str = "team/photos", **more: Any) -> int:
    """The status of the answer."""
    return refusal_of(service, token, path, **more).status_code


def refusal_of(
    service: Service, token: str, path: str = "team/photos", **more: Any
) -> WebSocketBadStatusException:
    """What the client learns."""
    with (
        socket.create_connection(("127.0.0.1", service.port), 10) as connection,
        pytest.raises(WebSocketBadStatusException) as caught,
    ):
        connect(service, token, path, socket=connection, **more)
    return caught.value


def closed(connection: WebSocket) -> str:
    """Why the service has closed it."""
    return closing(connection)[1]


def closing(connection: WebSocket) -> tuple[int, str]:
    """With which code, and why, the service has closed it."""
    frame = cast("tuple[int, bytes]", cast("Any", connection).recv_data())
    assert frame[0] == ABNF.OPCODE_CLOSE
    return int.from_bytes(frame[1][:2]), frame[1][2:].decode()


def until(condition: Callable[[], bool]) -> None:
    """The service goes on in another thread."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture
def listening(service: Service, token: str) -> Iterator[WebSocket]:
    with socket.create_connection(("127.0.0.1", service.port), 10) as own:
        connection = connect(service, token, socket=own)
        yield connection
        connection.close()


def progress(service: Service, **status: Any) -> None:
    """The operator writes; what was read before is too old by now."""
    service.cluster.batches.put(**{**RUNNING, **status})
    service.clock.now += 2


def news(connection: WebSocket) -> dict[str, Any]:
    return json.loads(connection.recv())


def test_the_numbers_come_at_once_and_then_as_they_change(
    service: Service, listening: WebSocket
) -> None:
    first = news(listening)
    assert (first["seq"], first["batch"]["done"], first["batch"]["percent"]) == (1, 45, 47.0)
    progress(service, done=46)
    second = news(listening)
    assert (second["seq"], second["batch"]["done"]) == (2, 46)


def test_without_a_change_they_come_once_in_a_while(
    listening: WebSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "STILL_SECONDS", 0.05)
    assert [news(listening)["seq"] for _ in range(3)] == [1, 2, 3]


def test_a_batch_that_is_deleted_is_the_end(service: Service, listening: WebSocket) -> None:
    news(listening)
    service.cluster.batches.objects.clear()
    service.clock.now += 2
    last = news(listening)
    assert (last["seq"], last["batch"]) == (2, None)
    assert closed(listening) == "the batch is gone"


def test_while_the_api_server_is_away_the_last_word_stands(
    service: Service, listening: WebSocket
) -> None:
    news(listening)
    service.cluster.batches.is_away = True
    service.clock.now += 2
    service.cluster.batches.asked.clear()
    until(lambda: len(service.cluster.batches.asked) >= 3)
    service.cluster.batches.is_away = False
    progress(service, done=50)
    assert news(listening)["seq"] == 2


def test_a_right_that_is_taken_away_ends_it(service: Service, listening: WebSocket) -> None:
    news(listening)
    service.cluster.rights.clear()
    service.clock.now += 61
    code, why = closing(listening)
    assert code == 4403
    assert "you may not get batches" in why


def test_a_token_that_is_not_good_any_more_ends_it(service: Service, listening: WebSocket) -> None:
    news(listening)
    service.cluster.tokens.clear()
    service.clock.now += 59
    service.cluster.batches.asked.clear()
    until(lambda: len(service.cluster.batches.asked) >= 1)
    service.clock.now += 2
    assert closing(listening) == SIGN_IN_AGAIN


def test_nobody_listens_longer_than_their_ticket_is_good(service: Service, token: str) -> None:
    _, user = service.cluster.tokens[token]
    ticket = service.app.state.services.tickets.give(user)
    with socket.create_connection(("127.0.0.1", service.port), 10) as own:
        connection = connect(service, ticket, socket=own)
        news(connection)
        progress(service, done=46)
        assert news(connection)["batch"]["done"] == 46
        service.clock.now += TICKET_SECONDS
        assert closing(connection) == SIGN_IN_AGAIN


def test_a_browser_sends_its_token_among_the_protocols(service: Service, token: str) -> None:
    packed = urlsafe_b64encode(token.encode()).decode().rstrip("=")
    protocols = [f"base64url.bearer.authorization.k8s.io.{packed}", "stagework.v1"]
    connection = connect(service, subprotocols=protocols)
    assert connection.getsubprotocol() == "stagework.v1"
    assert news(connection)["seq"] == 1
    connection.close()


@pytest.mark.parametrize("case", ["no token", "bad token", "bad protocol", "no right", "no batch"])
def test_who_may_not_listen_is_refused_before_anything_is_said(
    service: Service, token: str, case: str
) -> None:
    path, more = "team/photos", dict[str, Any]()
    match case:
        case "no token":
            token = ""
        case "bad token":
            token = "nobodys"
        case "bad protocol":
            token = ""
            more = {"subprotocols": ["base64url.bearer.authorization.k8s.io.%%%"]}
        case "no right":
            token = service.cluster.person("bob")
        case _:
            path = "team/none"
    assert refused(service, token, path, **more) == 403


def test_more_than_a_limit_do_not_listen(
    service: Service, token: str, listening: WebSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    news(listening)
    services = service.app.state.services
    monkeypatch.setattr(services.followers._shares, "total", 1)
    assert refused(service, token) == 503
    listening.close()
    until(lambda: services.followers.number == 0)
    connect(service, token).close()


def test_nobody_takes_all_the_room(service: Service, token: str) -> None:
    with ExitStack() as kept:
        for _ in range(FOLLOWERS_OF_ONE_MAX):
            own = kept.enter_context(socket.create_connection(("127.0.0.1", service.port), 10))
            connect(service, token, socket=own)
        refusal = refusal_of(service, token)
        assert refusal.status_code == 429
        said = json.loads(refusal.resp_body or b"")
        assert said["error"] == "you listen to 16 topics, no more is possible at once"
        assert "close one of your connections" in said["hint"]
        connect(service, service.cluster.person("bob", *READER)).close()
    until(lambda: service.app.state.services.followers.number == 0)
    connect(service, token).close()


def test_no_other_route_takes_a_websocket(service: Service, token: str) -> None:
    assert refused(service, token, "team/photos/items") == 403
