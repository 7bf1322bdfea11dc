"""`stagework board`: it signs in, says where it is, opens a browser, and ends by Ctrl-C."""

import webbrowser

import pytest

from stagework.cli.board_proxy import BoardProxy
from stagework.cli.cluster import Answer
from stagework.cli.service import ApiService
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fakecluster import PROXY, FakeCluster, Request, ok


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the browser was told to open; a person presses Ctrl-C at once."""
    opened: list[str] = []

    def interrupted(_self: BoardProxy, **_options: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setattr(BoardProxy, "serve_forever", interrupted)
    return opened


@pytest.fixture
def service(cluster: FakeCluster) -> FakeCluster:
    cluster.routes[("GET", f"{PROXY}/v1/me")] = lambda _: ok({"user": "jane", "rights": []})
    return cluster


def test_it_says_its_address_and_opens_it(
    cli: Cli, service: FakeCluster, addresses: list[str]
) -> None:
    outcome = cli("board")

    assert outcome.code == 0
    (address,) = addresses
    assert outcome.lines[0] == f"board: {address}"
    assert address.startswith("http://127.0.0.1:")
    assert address.endswith("/board/")
    (asked,) = service.sent("GET", "/v1/me")
    assert asked.headers["X-Stagework-Authorization"].startswith("Bearer ")


def test_no_browser_is_opened_where_none_is_wanted(
    cli: Cli, service: FakeCluster, addresses: list[str]
) -> None:
    assert cli("board", "--no-browser").code == 0
    assert addresses == []


def test_who_may_not_sign_in_is_told_before_a_browser_opens(
    cli: Cli, cluster: FakeCluster, addresses: list[str]
) -> None:
    no = ok({"error": "Pods have no access to this"}, 403)
    cluster.routes[("GET", f"{PROXY}/v1/me")] = lambda _: no
    outcome = cli("board")

    assert outcome.code == 1
    assert "Pods have no access to this" in outcome.err
    assert addresses == []


def test_a_port_that_is_taken_is_said(cli: Cli, service: FakeCluster, addresses: list[str]) -> None:
    with BoardProxy(upstream=None) as other:  # pyright: ignore[reportArgumentType]
        outcome = cli("board", "--port", other.port)
    assert outcome.code == 1
    assert f"port {other.port} cannot be taken" in outcome.err


def test_once_forgotten_a_ticket_is_asked_for_anew(cluster: FakeCluster) -> None:
    proofs: list[str] = []

    def queue(request: Request) -> Answer:
        proofs.append(request.headers["X-Stagework-Authorization"])
        return ok({"seq": 1})

    cluster.routes[("GET", f"{PROXY}/v1/queue")] = queue
    service = ApiService(cluster, "stagework-system", "default")
    for _ in range(2):
        with service.forward("GET", "/v1/queue", {}, None) as answer:
            assert answer.status == 200
        service.forget()

    assert len(set(proofs)) == 2
