"""Live: news come by WebSocket; without one the page asks; without an answer it says so."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.board.conftest import Serve
from tests.support.board import seeds
from tests.support.board.browser import cut_sockets, opened
from tests.support.board.serving import ServedBoard

FAILED = ".counts .big >> nth=3"


@pytest.fixture
def board(serve: Serve) -> ServedBoard:
    return serve(seeds.C)


@pytest.fixture
def page(chromium: Browser, board: ServedBoard) -> Iterator[Page]:
    with opened(chromium, board) as page:
        expect(page.locator(".live")).to_contain_text("live")
        yield page


def one_more(board: ServedBoard) -> None:
    """Something else has failed."""
    newest = seeds.failed("new", "Brand new", "ocr_eval", 1, "font was missing")
    board.cluster.queue.runs.append(newest)


def test_news_come_by_themselves_and_nothing_is_asked(page: Page, board: ServedBoard) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    one_more(board)
    expect(page.locator(FAILED)).to_have_text("3")
    assert not [url for url in asked if "/v1/queue" in url]


def test_without_a_socket_the_page_asks_until_one_is_there_again(
    page: Page, board: ServedBoard
) -> None:
    cut_sockets(page)
    expect(page.locator(".live")).to_contain_text("every 5 s")
    one_more(board)
    expect(page.locator(FAILED)).to_have_text("3")
    cut_sockets(page, cut=False)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator(".live")).to_contain_text("live")
    assert "off" not in (page.locator(".live").get_attribute("class") or "")


def test_a_number_that_is_left_out_begins_the_connection_anew(page: Page) -> None:
    expect(page.locator(".live")).to_contain_text("live")
    with page.expect_websocket() as another:
        page.evaluate("hearSockets({seq: 99, at: '2026-12-02T05:03:07Z', etag: '', board: null})")
    assert "/v1/queue/live" in another.value.url
    expect(page.locator(".live")).to_contain_text("live")


def test_a_namespace_that_is_chosen_is_another_topic(page: Page) -> None:
    with page.expect_websocket() as another:
        page.get_by_label("Namespace").select_option(seeds.NAMESPACE)
    assert f"/v1/queue/{seeds.NAMESPACE}/live?" in another.value.url


def test_a_run_is_live_too(chromium: Browser, board: ServedBoard) -> None:
    fragment = f"#/run/{seeds.NAMESPACE}/ad-7c11"
    with opened(chromium, board, fragment=fragment) as page:
        expect(page.locator("h1")).to_contain_text("Running:")
        gone = [run for run in board.cluster.queue.runs if run.metadata.name != "ad-7c11"]
        ended = seeds.failed("ad-7c11", "Coffee poster", "overlay", 1, "no ink")
        meta = ended.metadata.model_copy(update={"resourceVersion": "2"})
        board.cluster.queue.runs = [*gone, ended.model_copy(update={"metadata": meta})]
        expect(page.locator("h1")).to_have_text("StageFailed: no ink")
