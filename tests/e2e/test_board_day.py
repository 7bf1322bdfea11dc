"""A day before the board, in small: the MacBook sleeps and wakes, the service goes and comes back.

The page stays open all day. At each moment its counts are those of `kubectl get`, and what it says
of the MacBook is what the node says.
"""

import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from hack.devcluster.cluster import node_names
from tests.support.cluster.board_page import SEEN_MS, opened_board, same_numbers
from tests.support.cluster.release import Release
from tests.support.cluster.space import Space
from tests.support.cluster.stages import HOLD, run_of, shell
from tests.support.cluster.waiting import stage_is

pytestmark = [
    pytest.mark.alone("it pauses the MacBook's node and stops the service", touches="release"),
    pytest.mark.long("test_board_hour.py is its shortest hour"),
]

MACBOOK = ["macbook"]
AWAY_MS = 300_000
"""A node is not ready after its grace period; a laptop that wakes is ready again as late."""


@pytest.fixture(scope="module")
def macbook(release: Release) -> Iterator[str]:
    """Its node, on which nothing of the release is; whatever happens, it wakes afterwards."""
    node = node_names()["macbook"]
    assert node not in release.nodes(), "it would sleep with it"
    yield node
    subprocess.run(["docker", "unpause", node], check=False, capture_output=True)


@pytest.fixture(scope="module")
def page(space: Space, release: Release, macbook: str) -> Iterator[Page]:
    """The board, open all day."""
    space.apply(
        run_of("holds", shell("extract", HOLD), title="A long letter"),
        run_of("fails", shell("extract", "exit 3"), title="Walk at dusk"),
    )
    with opened_board(space) as page:
        expect(page.locator(".live")).to_contain_text("live", timeout=SEEN_MS)
        yield page
    release.start_service()
    release.wait_until_ready()


def card(page: Page, label: str) -> str:
    """What stands on a machine's card."""
    return page.locator(".card", has=page.locator("h3", has_text=label)).inner_text()


def test_in_the_morning_work_flows(space: Space, page: Page) -> None:
    space.wait_for("holds", stage_is("extract", state="Running"))
    space.wait_for("fails", stage_is("extract", state="Failed"))
    same_numbers(page, space)
    assert "Walk at dusk" in page.locator("table.attention").inner_text()


def test_a_macbook_that_sleeps_is_away_and_its_work_is_deferred(
    space: Space, page: Page, macbook: str
) -> None:
    subprocess.run(["docker", "pause", macbook], check=True, capture_output=True)
    space.apply(run_of("sleeps", shell("one", runsOn=MACBOOK), title="A study"))
    space.wait_for("sleeps", stage_is("one", state="Deferred", reason="MachineAway"))
    shown = page.locator(".card", has=page.locator("h3", has_text="MacBook"))
    expect(shown.locator(".state").first).to_have_text("away", timeout=AWAY_MS)
    expect(shown).to_contain_text("1 deferred")
    same_numbers(page, space)


def test_a_service_that_is_away_is_said_within_seconds_and_the_picture_stands(
    space: Space, page: Page, release: Release
) -> None:
    before = page.locator(".counts").inner_text()
    release.stop_service()
    expect(page.locator("h1")).to_contain_text("Not live", timeout=SEEN_MS)
    assert page.locator(".counts").inner_text() == before
    release.start_service()
    release.wait_until_ready()
    expect(page.locator("h1")).not_to_contain_text("Not live", timeout=SEEN_MS)
    expect(page.locator(".live")).to_contain_text("live", timeout=SEEN_MS)
    same_numbers(page, space)


def test_when_the_macbook_wakes_its_work_is_done_and_its_card_says_so(
    space: Space, page: Page, macbook: str
) -> None:
    subprocess.run(["docker", "unpause", macbook], check=True, capture_output=True)
    space.wait_for_end("sleeps", "Completed")
    shown = page.locator(".card", has=page.locator("h3", has_text="MacBook"))
    expect(shown.locator(".state").first).not_to_have_text("away", timeout=AWAY_MS)
    assert "deferred" not in card(page, "MacBook")
    same_numbers(page, space)
