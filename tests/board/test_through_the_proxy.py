"""The page as `stagework board` opens it: below a secret path, with a proof that it never sees."""

import http.client
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from stagework.cli.board_proxy import BoardProxy
from stagework.cli.cluster import Streamed, Upgraded
from stagework.cli.tunnel import upgraded
from tests.board.conftest import Serve
from tests.support.board import seeds
from tests.support.board.browser import complaints
from tests.support.board.serving import ServedBoard


@dataclass
class Direct:
    """The service without an API server before it."""

    board: ServedBoard
    asked: list[str] = field(default_factory=list[str])

    @contextmanager
    def forward(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> Generator[Streamed]:
        """Its answer to the person."""
        self.asked.append(f"{method} {target}")
        connection = http.client.HTTPConnection(urlsplit(self.board.url).netloc, timeout=20)
        proved = {**headers, "X-Stagework-Authorization": f"Bearer {self.board.token}"}
        try:
            connection.request(method, target, body, proved)
            answer = connection.getresponse()
            pieces = iter(lambda: answer.read(4096), b"")
            yield Streamed(answer.status, dict(answer.getheaders()), pieces)
        finally:
            connection.close()

    def upgrade(self, target: str, headers: Mapping[str, str]) -> Upgraded:
        """The live route, likewise."""
        self.asked.append(f"UPGRADE {target}")
        proved = {**headers, "X-Stagework-Authorization": f"Bearer {self.board.token}"}
        home = self.board.url.removesuffix("/board/")
        return upgraded(home, target, proved, None, None)

    def forget(self) -> None:
        """The token is good for the whole test."""


@pytest.fixture
def board(serve: Serve) -> ServedBoard:
    return serve(seeds.C)


@pytest.fixture
def direct(board: ServedBoard) -> Direct:
    return Direct(board)


@pytest.fixture
def proxy(direct: Direct) -> Iterator[BoardProxy]:
    with BoardProxy(direct) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield proxy
        proxy.shutdown()
        thread.join(5)


def test_a_person_sees_and_retries_without_a_token_in_the_browser(
    chromium: Browser, proxy: BoardProxy, board: ServedBoard
) -> None:
    page = chromium.new_page()
    heard, proofs = complaints(page), list[str]()
    page.on("request", lambda asked: proofs.extend(asked.headers.get("authorization", "").split()))
    page.goto(proxy.address)
    expect(page.locator("h1")).to_contain_text("Stuck:")
    page.get_by_label("Select Walk at dusk").check()
    page.get_by_role("button", name="Retry 1 selected…").click()
    page.get_by_role("dialog").get_by_role("button", name="Retry 1 stage").click()
    expect(page.get_by_role("alert")).to_contain_text("retried 1")

    assert len(board.cluster.queue.made) == 1
    assert (heard, proofs) == ([], [])
    page.close()


def test_a_page_of_another_site_can_ask_for_nothing(
    chromium: Browser, proxy: BoardProxy, board: ServedBoard, direct: Direct
) -> None:
    page = chromium.new_page()
    page.goto(board.url.replace("/board/", "/livez"))  # of another port, and without a policy
    asked = """async (address) => {
        const post = { method: "POST", body: "{}", headers: { "Content-Type": "text/plain" } };
        const one = await fetch(address, { ...post, mode: "no-cors" });
        return one.type;
    }"""
    target = proxy.address.replace("/board/", "/v1/failed/retry")
    assert page.evaluate(asked, target) == "opaque"
    assert direct.asked == []
    page.close()


def test_news_come_by_themselves_through_the_proxy(
    chromium: Browser, proxy: BoardProxy, board: ServedBoard, direct: Direct
) -> None:
    page = chromium.new_page()
    heard = complaints(page)
    page.goto(proxy.address)
    expect(page.locator(".live")).to_contain_text("live", timeout=20_000)
    board.show(seeds.A)
    expect(page.locator("h1")).to_contain_text("Working:")
    assert sum(asked.startswith("GET /v1/queue") for asked in direct.asked) == 1
    assert heard == []
    page.close()
