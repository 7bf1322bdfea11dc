"""The schedules' page in a real browser, before the real API service."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.board.conftest import Serve
from tests.support.board import seeds
from tests.support.board.browser import opened
from tests.support.board.serving import READ, ServedBoard

NIGHTLY = f"#/schedules/{seeds.NAMESPACE}/nightly-clean"


@pytest.fixture
def board(serve: Serve) -> ServedBoard:
    return serve(seeds.C)


@pytest.fixture
def nightly(chromium: Browser, board: ServedBoard) -> Iterator[Page]:
    with opened(chromium, board, fragment=NIGHTLY) as page:
        expect(page.locator("h1")).to_have_text("Scheduled: At 02:00 every day, Seoul")
        yield page


def test_the_list_has_the_next_first_and_what_is_paused_last(
    chromium: Browser, board: ServedBoard
) -> None:
    with opened(chromium, board) as page:
        expect(page.locator(".card")).to_have_count(3)
        page.keyboard.press("g")
        page.keyboard.press("s")
        expect(page.locator("h1")).to_have_text("Schedules")
        links = page.locator("tbody .title a")
        expect(links).to_have_count(len(seeds.SCHEDULES))
        names = ["mail-in", "berlin-feed", "nightly-clean", "import-once", "weekly-report"]
        assert links.all_inner_texts() == names
        row = page.locator("tbody tr", has_text="nightly-clean")
        for said in ("Scheduled", "At 02:00 every day, Seoul", "3 Dec 02:00", "40 / 1 / 2", "41 s"):
            expect(row).to_contain_text(said)
        expect(page.locator("tbody tr").last).to_contain_text("Suspended")
        links.nth(2).click()
        expect(page.locator("h1")).to_contain_text("At 02:00 every day")


def test_one_shows_its_next_five_times_and_leads_to_its_runs(nightly: Page) -> None:
    times = nightly.locator(".times li")
    expect(times).to_have_count(5)
    expect(times.first).to_have_text("3 Dec 02:00 in 11 h 56 min")
    failed = nightly.locator("tbody tr", has_text="nightly-clean-1111")
    expect(failed).to_contain_text("Failed")
    nightly.get_by_role("link", name="ad-3b87").click()
    expect(nightly.locator("h1")).to_contain_text("StageFailed")


def test_times_of_another_zone_are_told_by_both_clocks(chromium: Browser, serve: Serve) -> None:
    fragment = f"#/schedules/{seeds.NAMESPACE}/berlin-feed"
    with opened(chromium, serve(seeds.C), fragment=fragment) as page:
        expect(page.locator(".times li").first).to_contain_text("17:15")
        expect(page.locator(".times li").first).to_contain_text("09:15 Berlin")


def test_a_run_now_is_previewed_and_then_asked_for_once(nightly: Page, board: ServedBoard) -> None:
    made = board.cluster.queue.made
    nightly.get_by_role("button", name="Run now…").click()
    dialog = nightly.get_by_role("dialog")
    expect(dialog).to_contain_text("Starts one run now; 0 of 1 run. That of 3 Dec 02:00 stays.")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    assert made == []

    dialog.get_by_label("Why").fill("wrong input")
    dialog.get_by_role("button", name="Run now").dblclick()
    expect(nightly.get_by_role("alert")).to_have_text("Asked for: a run now.")
    assert [(one["spec"]["verb"], one["spec"]["reason"]) for one in made] == [
        ("RunNow", "wrong input")
    ]


def test_the_next_slot_is_skipped_with_the_one_after_it_named(
    nightly: Page, board: ServedBoard
) -> None:
    nightly.get_by_role("button", name="Skip next…").click()
    dialog = nightly.get_by_role("dialog")
    expect(dialog).to_contain_text("Leaves out 3 Dec 02:00; the next one is 4 Dec 02:00.")
    dialog.get_by_role("button", name="Skip next").click()
    expect(nightly.get_by_role("alert")).to_contain_text("the next slot is left out")
    assert [one["spec"]["verb"] for one in board.cluster.queue.made] == ["SkipNext"]


def test_a_pause_is_previewed_and_can_be_taken_back(nightly: Page, board: ServedBoard) -> None:
    schedules = board.cluster.schedules
    nightly.get_by_role("button", name="Pause…").click()
    dialog = nightly.get_by_role("dialog")
    expect(dialog).to_contain_text("Makes no runs until it is resumed.")
    assert not schedules.suspended("nightly-clean", seeds.NAMESPACE)
    dialog.get_by_role("button", name="Pause").click()
    expect(nightly.get_by_role("alert")).to_have_text("Paused.")
    assert schedules.suspended("nightly-clean", seeds.NAMESPACE)

    nightly.get_by_role("button", name="Resume…").click()
    dialog.get_by_role("button", name="Resume").click()
    expect(nightly.get_by_role("alert")).to_have_text("Resumed.")
    assert not schedules.suspended("nightly-clean", seeds.NAMESPACE)


def test_what_would_be_refused_says_why_and_cannot_be_sent(
    chromium: Browser, board: ServedBoard
) -> None:
    fragment = f"#/schedules/{seeds.NAMESPACE}/weekly-report"
    with opened(chromium, board, fragment=fragment) as page:
        page.get_by_role("button", name="Skip next…").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Not done: no slot is to come, or it is paused")
        expect(dialog.get_by_role("button", name="Skip next")).to_be_disabled()


def test_without_rights_a_button_says_which_is_missing(
    chromium: Browser, board: ServedBoard
) -> None:
    rights = (*READ, ("create interventions", seeds.NAMESPACE))
    board = replace(board, token=board.cluster.person("bob", *rights))
    with opened(chromium, board, fragment=NIGHTLY) as page:
        lacks = "You may not patch scheduledjobs in daily."
        expect(page.get_by_role("button", name="Pause…")).to_have_attribute("title", lacks)
        button = page.get_by_role("button", name="Run now…")
        lacks = "You may not create interventions, or runnow scheduledjobs, in daily."
        expect(button).to_have_attribute("title", lacks)
        button.click(force=True)  # as a person would, though it says that it is disabled
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_where_nothing_is_scheduled_the_page_says_what_to_type(
    chromium: Browser, serve: Serve
) -> None:
    with opened(chromium, serve(seeds.EMPTY), fragment="#/schedules") as page:
        expect(page.locator(".command code")).to_contain_text("stagework schedule create")
