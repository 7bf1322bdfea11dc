"""The batches' pages in a real browser, before the real API service and its books."""

from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect

from tests.board.conftest import Serve
from tests.support.board import seeds
from tests.support.board.browser import opened
from tests.support.board.serving import READ, ServedBoard

ONE = f"#/batch/{seeds.NAMESPACE}/winter-catalogue"


@pytest.fixture
def board(serve: Serve) -> ServedBoard:
    return serve(seeds.C)


def test_a_batch_says_how_far_it_is_and_when_it_will_be_done(
    chromium: Browser, board: ServedBoard
) -> None:
    with opened(chromium, board, fragment="#/batch") as page:
        page.get_by_role("link", name="Winter catalogue").click()
        expect(page.locator("h1")).to_have_text(
            "Running: 130 of 200 handled, 9 failed; done in 11 to 14 min"
        )
        expect(page.locator("main")).to_contain_text("65.0 % handled")
        expect(page.locator("main")).to_contain_text("6.5 items/min")
        reasons = page.locator("section[aria-labelledby=failures] tbody tr")
        expect(reasons).to_have_count(2)
        expect(reasons.first).to_contain_text("NonZeroExit font was missing")
        expect(reasons.first.locator(".number")).to_have_text("7")


def test_failed_items_are_reprocessed_once_after_their_preview(
    chromium: Browser, board: ServedBoard
) -> None:
    made = board.cluster.queue.made
    with opened(chromium, board, fragment=ONE) as page:
        page.get_by_role("button", name="Reprocess…").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Runs again: 9 that failed.")
        assert made == []
        dialog.get_by_label("Why").fill("the font is there")
        dialog.get_by_role("button", name="Reprocess 9 items").dblclick()
        expect(page.get_by_role("alert")).to_contain_text("Reprocess: asked for.")
    (asked,) = made
    assert asked["spec"]["verb"] == "Reprocess"
    assert asked["spec"]["select"] == {"states": ["Failed"]}
    assert asked["spec"]["reason"] == "the font is there"


def test_without_the_right_the_button_says_which_is_missing(
    chromium: Browser, board: ServedBoard
) -> None:
    rights = (*READ, ("create interventions", seeds.NAMESPACE))
    board = replace(board, token=board.cluster.person("bob", *rights))
    with opened(chromium, board, fragment=ONE) as page:
        lacks = "You may not create interventions, or reprocess batches, in daily."
        expect(page.get_by_role("button", name="Reprocess…")).to_have_attribute("title", lacks)


def test_a_batch_is_live(chromium: Browser, board: ServedBoard) -> None:
    with opened(chromium, board, fragment=ONE) as page:
        expect(page.locator("h1")).to_contain_text("130 of 200 handled")
        name, status = seeds.BATCHES[0]
        board.show(replace(seeds.C, batches=((name, {**status, "done": 150, "percent": "79.5"}),)))
        expect(page.locator("h1")).to_contain_text("159 of 200 handled")


def test_a_head_sorts_and_the_address_keeps_it(chromium: Browser, board: ServedBoard) -> None:
    with opened(chromium, board, fragment="#/batch") as page:
        names = page.locator("tbody .title a")
        expect(names).to_have_count(3)
        page.get_by_role("button", name="failed").click()
        expect(page.locator("th[aria-sort=ascending]")).to_contain_text("failed")
        page.get_by_role("button", name="failed").click()
        expect(names.first).to_have_text("Winter catalogue")
        expect(page).to_have_url(f"{board.url}#/batch?sort=-failed")
        page.reload()
        expect(names.first).to_have_text("Winter catalogue")
