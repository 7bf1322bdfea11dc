"""An hour before the board, in small: work flows, and what fails is retried from the page.

Everything is done in a browser, as a person does it, and seen again by kubectl. What takes machines
or the service away is in test_board_day.py.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.cluster import batches
from tests.support.cluster.board_page import (
    SEEN_MS,
    confirm,
    opened_board,
    same_numbers,
    show,
)
from tests.support.cluster.space import Space
from tests.support.cluster.stages import HOLD, item_stage, object_of, pipeline, run_of, shell
from tests.support.cluster.uploads import upload
from tests.support.cluster.waiting import stage_is
from tests.support.modelserver.answers import png

SECOND_TIME = '[ "$STAGEWORK_ATTEMPT" -ge 2 ] || { echo the font was missing >&2; exit 3; }'
"""Fails at the first attempt; a person's retry heals it."""
SAYS = f"echo page 1 of the story; {HOLD}"
ITEMS = 12
BROKEN = 5
SECONDS = 420.0


@pytest.fixture(scope="module")
def page(space: Space) -> Iterator[Page]:
    """The board, with work to see."""
    space.apply(
        run_of("flows", shell("extract"), shell("embed")),
        run_of("holds", shell("extract", SAYS), shell("embed"), title="A long letter"),
        run_of("fails", shell("extract", SECOND_TIME), shell("embed"), title="Walk at dusk"),
        run_of("asks", shell("extract"), shell("publish", approval=True), title="A poster"),
    )
    with opened_board(space) as page:
        expect(page.locator(".live")).to_contain_text("live", timeout=SEEN_MS)
        yield page


def test_every_count_on_the_page_is_what_kubectl_shows(space: Space, page: Page) -> None:
    space.wait_for("holds", stage_is("extract", state="Running"))
    space.wait_for("fails", stage_is("extract", state="Failed"))
    same_numbers(page, space)


def test_what_failed_is_retried_from_the_page(space: Space, page: Page) -> None:
    page.get_by_label("Select Walk at dusk").check()
    alert = confirm(page, "Retry 1 selected…", "Retry 1 stage", "the font is there now")
    expect(alert).to_contain_text("retried 1")
    space.wait_for_end("fails", "Completed")
    (asked,) = [one for one in space.interventions() if one["spec"]["verb"] == "Retry"]
    assert asked["spec"]["requestedBy"] == space.commands.me()
    page.mouse.move(1, 1)  # rows hold still under the pointer
    expect(page.get_by_label("Select Walk at dusk")).to_have_count(0, timeout=SEEN_MS)


def test_the_log_of_a_stage_at_work_is_read_on_its_page(space: Space, page: Page) -> None:
    show(page, space, f"run/{space.namespace}/holds/extract")
    page.get_by_role("button", name="Log").click()
    expect(page.locator(".log")).to_contain_text("page 1 of the story", timeout=SEEN_MS)


def test_a_run_is_stopped_from_its_page(space: Space, page: Page) -> None:
    show(page, space, f"run/{space.namespace}/holds")
    confirm(page, "Stop…", "Stop run", "nobody needs it")
    space.wait_for_end("holds", "Stopped")
    expect(page.locator("h1")).to_contain_text("Stopped:", timeout=SEEN_MS)


def test_what_waits_for_a_persons_word_is_approved_from_its_page(space: Space, page: Page) -> None:
    space.wait_for("asks", stage_is("publish", reason="AwaitingApproval"))
    show(page, space, f"run/{space.namespace}/asks")
    confirm(page, "Approve…", "Approve publish")
    space.wait_for_end("asks", "Completed")
    expect(page.locator("h1")).to_contain_text("Completed:", timeout=SEEN_MS)


def test_a_schedule_runs_now(space: Space, page: Page) -> None:
    spec = {
        "schedule": {"cron": "0 2 1 1 *"},
        "template": {"pipelineJob": {"pipelineRef": {"name": "tidy"}}},
    }
    space.apply(pipeline("tidy", shell("sweep")), object_of("ScheduledJob", "yearly", spec))
    show(page, space, f"schedules/{space.namespace}/yearly")
    expect(confirm(page, "Run now…", "Run now")).to_contain_text("a run now", timeout=SEEN_MS)
    made = page.locator("section[aria-labelledby=runs] tbody tr")
    expect(made).to_have_count(1, timeout=SEEN_MS)
    expect(made).to_contain_text("Succeeded", timeout=SEEN_MS)


def test_failed_items_of_a_batch_run_again_from_its_page(
    space: Space, page: Page, tmp_path: Path
) -> None:
    (tmp_path / "whole.png").write_bytes(png("whole", 8, 8))
    (tmp_path / "half.png").write_bytes(png("half", 8, 8)[:40])
    whole, half = (upload(space, tmp_path / name) for name in ("whole.png", "half.png"))
    items = [{"id": f"p-{n}", "uri": half if n == BROKEN else whole} for n in range(ITEMS)]
    space.apply(
        pipeline("check", item_stage("check", retries=0)),
        batches.batch_of("pictures", "check", {"inline": items}, chunkSize=6),
    )
    batch = batches.ended(space, "pictures", seconds=SECONDS)
    assert (batch["status"]["done"], batch["status"]["failed"]) == (ITEMS - 1, 1)
    show(page, space, f"batch/{space.namespace}/pictures")
    expect(page.locator("h1")).to_contain_text(f"{ITEMS} of {ITEMS} handled, 1 failed")
    alert = confirm(page, "Reprocess…", "Reprocess 1 item", "once more")
    expect(alert).to_contain_text("Runs again: 1 that failed.")
    again = batches.ended(space, "pictures", of_round=1, seconds=SECONDS)
    assert again["status"]["roundTotal"] == 1


def test_history_is_searched_by_what_people_call_a_run(space: Space, page: Page) -> None:
    show(page, space, "history")
    page.locator("main input[name=q]").fill("walk at")
    page.keyboard.press("Enter")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1, timeout=SEEN_MS)
    expect(rows).to_contain_text("Walk at dusk")
