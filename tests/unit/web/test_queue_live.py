"""The queue and a run by WebSocket: whole when changed, a sign of life else, and never for long."""

import json
import socket
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from websocket import WebSocket, WebSocketBadStatusException, create_connection

from stagework.settings import ApiServiceSettings
from stagework.web.auth.tickets import TICKET_SECONDS
from stagework.web.errors import ProblemError
from stagework.web.live import feed
from stagework.web.queue.boards import Boards
from tests.support.builders.fleet import make_node
from tests.unit.web.service import Service, running
from tests.unit.web.test_batch_live import SIGN_IN_AGAIN, closing, until
from tests.unit.web.test_floods import connected, is_ended, wait_for_room
from tests.unit.web.test_queue import failed, waits


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "EVERY_SECONDS", 0.01)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with running(tmp_path) as service:
        service.cluster.queue.machines = [make_node()]
        service.cluster.queue.runs = [waits("a"), failed()]
        yield service


@pytest.fixture
def ann(service: Service) -> str:
    return service.cluster.person("ann", ("list", "team"), ("get", "team"))


@contextmanager
def listening(service: Service, token: str, path: str = "queue/live") -> Generator[WebSocket]:
    header = [f"Authorization: Bearer {token}"]
    with socket.create_connection(("127.0.0.1", service.port), 10) as own:
        url = f"ws://127.0.0.1:{service.port}/v1/{path}"
        connection = create_connection(url, timeout=10, header=header, socket=own)
        yield connection
        connection.close()


def news(connection: WebSocket) -> dict[str, Any]:
    return json.loads(connection.recv())


def show(service: Service, *runs: Any) -> None:
    """The cluster has these now, and what was read before is too old."""
    service.cluster.queue.runs = [*runs]
    service.clock.now += 10


def test_the_board_comes_at_once_and_then_as_it_changes(service: Service, ann: str) -> None:
    with listening(service, ann) as connection:
        first = news(connection)
        assert (first["seq"], first["board"]["totals"]["pending"]) == (1, 1)
        show(service, waits("a"), waits("b"))
        second = news(connection)
        assert (second["seq"], second["board"]["totals"]["pending"]) == (2, 2)
        assert second["etag"] != first["etag"]


def test_a_namespace_in_the_path_is_the_board_of_that_one_alone(service: Service, ann: str) -> None:
    show(service, waits("a"), waits("b", "other"))
    with listening(service, ann, "queue/team/live") as connection:
        assert news(connection)["board"]["totals"]["pending"] == 1


def test_who_has_it_already_is_sent_a_sign_of_life(service: Service, ann: str) -> None:
    etag = service.ask("GET", "/v1/queue", ann).headers["etag"]
    with listening(service, ann, f"queue/live?etag={quote(etag)}") as connection:
        assert news(connection)["board"] is None


def test_without_a_change_a_sign_of_life_comes(
    service: Service, ann: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "STILL_SECONDS", 0.05)
    with listening(service, ann) as connection:
        told = [news(connection) for _ in range(3)]
    assert [one["seq"] for one in told] == [1, 2, 3]
    assert [one["board"] is None for one in told] == [False, True, True]


def test_while_the_api_server_is_away_nothing_says_that_all_is_as_before(
    service: Service, ann: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "STILL_SECONDS", 0.0)
    with listening(service, ann) as connection:
        news(connection)
        service.cluster.queue.is_away = True
        service.clock.now += 10
        service.cluster.queue.asked.clear()
        until(lambda: service.cluster.queue.asked.count("run_objects") >= 3)
        service.cluster.queue.is_away = False
        show(service, waits("a"), waits("b"))
        while (told := news(connection))["board"] is None:
            assert told["seq"] < 1000
        assert told["board"]["totals"]["pending"] == 2


def test_what_one_may_not_list_any_more_is_over(service: Service, ann: str) -> None:
    with listening(service, ann) as connection:
        news(connection)
        service.cluster.queue.rights.clear()
        service.clock.now += 61
        code, why = closing(connection)
    assert code == 4403
    assert "you may not list pipelinejobs" in why


def test_nobody_follows_the_queue_longer_than_their_ticket_is_good(
    service: Service, ann: str
) -> None:
    _, user = service.cluster.tokens[ann]
    with listening(service, service.app.state.services.tickets.give(user)) as connection:
        news(connection)
        service.clock.now += TICKET_SECONDS
        assert closing(connection) == SIGN_IN_AGAIN


def test_a_run_is_followed_until_it_is_gone(service: Service, ann: str) -> None:
    with listening(service, ann, "runs/team/bad/live") as connection:
        first = news(connection)
        assert (first["seq"], first["run"]["row"]["status"]) == (1, "StageFailed")
        show(service, waits("a"))
        last = news(connection)
        assert (last["seq"], last["run"]) == (2, None)
        assert closing(connection) == (1000, "the run is gone")


def test_what_may_be_over_at_the_next_reading_ends_no_connection(
    service: Service, ann: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    async def busy(*of_whom: object) -> None:
        asked.append(of_whom)
        raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, "come again")

    with listening(service, ann) as connection:
        news(connection)
        with monkeypatch.context() as patched:
            patched.setattr(Boards, "picture", busy)
            until(lambda: len(asked) >= 3)
        show(service, waits("a"), waits("b"))
        while (told := news(connection))["board"] is None:
            assert told["seq"] < 1000
        assert told["board"]["totals"]["pending"] == 2


class TestConnections:
    """Who listens is counted by user, who else is there by address."""

    @pytest.fixture
    def service(self, tmp_path: Path) -> Iterator[Service]:
        few = ApiServiceSettings(maxConnections=30, maxConnectionsPerPeer=3)
        with running(tmp_path, api=few) as service:
            service.cluster.queue.runs = [waits("a")]
            yield service

    def test_who_listens_takes_no_connection_of_their_address(
        self, service: Service, ann: str
    ) -> None:
        with ExitStack() as kept:
            for _ in range(6):
                news(kept.enter_context(listening(service, ann)))
            assert service.ask("GET", "/livez").status == 200
        until(lambda: service.app.state.services.followers.number == 0)
        with connected(service.port, 3), connected(service.port, 1) as (more,):
            assert is_ended(more)
        wait_for_room(service)

    def test_who_may_not_listen_gives_the_connection_back(self, service: Service) -> None:
        for _ in range(6):
            wait_for_room(service)
            with pytest.raises(WebSocketBadStatusException), listening(service, "nothing"):
                pass
        wait_for_room(service)

    def test_all_who_listen_leave_most_connections_to_others(
        self, service: Service, ann: str
    ) -> None:
        with ExitStack() as kept:
            for _ in range(10):
                news(kept.enter_context(listening(service, ann)))
            with (
                pytest.raises(WebSocketBadStatusException, match="503"),
                listening(service, ann),
            ):
                pass
