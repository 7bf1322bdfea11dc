"""All pages: no fault by axe in either theme, nothing beside a small screen, lasting links."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from hack.devcluster import board
from tests.board.conftest import Serve
from tests.support.board import seeds
from tests.support.board.browser import Theme, complaints, is_wider_than_the_screen, opened

PAGES = {
    "queue": "#/queue",
    "run": f"#/run/{seeds.NAMESPACE}/ad-3b87",
    "working": f"#/run/{seeds.NAMESPACE}/ad-7c11?tab=log",
    "waiting": f"#/run/{seeds.NAMESPACE}/embed-3",
    "batches": "#/batch",
    "batch": f"#/batch/{seeds.NAMESPACE}/winter-catalogue",
    "schedules": "#/schedules",
    "schedule": f"#/schedules/{seeds.NAMESPACE}/nightly-clean",
    "fleet": "#/fleet",
    "history": "#/history",
}


@pytest.fixture(scope="session")
def axe() -> str:
    """The checker, as npm's lock has it."""
    return (board.modules() / "axe-core" / "axe.min.js").read_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(
    chromium: Browser, serve: Serve, axe: str, theme: Theme
) -> None:
    served = serve(seeds.C)
    served.at_work("ad-7c11", "overlay", b"page 1\n")
    found: dict[str, list[str]] = {}
    for name, fragment in PAGES.items():
        with opened(chromium, served, fragment=fragment, theme=theme) as page:
            heard = complaints(page)
            expect(page.locator("h1")).not_to_contain_text("Loading")
            expect(page.locator(".live time")).to_be_visible()
            page.evaluate(axe)
            faults = page.evaluate("axe.run().then((result) => result.violations)")
            found[name] = [
                f"{fault['id']}: {node['target']} {node['failureSummary']}"
                for fault in faults
                for node in fault["nodes"]
            ]
            assert heard == []
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_axe_finds_nothing_in_the_dialogs(chromium: Browser, serve: Serve, axe: str) -> None:
    with opened(chromium, serve(seeds.C)) as page:
        page.get_by_label("Select Walk at dusk").check()
        page.get_by_role("button", name="Retry 1 selected…").click()
        expect(page.get_by_role("dialog")).to_contain_text("Starts:")
        page.evaluate(axe)
        assert page.evaluate("axe.run().then((result) => result.violations)") == []


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [360, 768])
def test_no_page_is_wider_than_its_screen(
    chromium: Browser, serve: Serve, name: str, width: int
) -> None:
    with opened(chromium, serve(seeds.C), fragment=PAGES[name], width=width) as page:
        expect(page.locator(".live time")).to_be_visible()
        assert not is_wider_than_the_screen(page)


def test_history_keeps_its_filters_through_reload_and_back(chromium: Browser, serve: Serve) -> None:
    with opened(chromium, serve(seeds.C), fragment="#/history") as page:
        rows = page.locator("tbody tr")
        expect(rows).to_have_count(40)
        page.get_by_label("state").select_option("StageFailed")
        expect(rows).to_have_count(8)
        page.reload()
        expect(rows).to_have_count(8)
        page.get_by_label("tenant").fill("nobody")
        page.get_by_label("tenant").press("Enter")
        expect(page.get_by_role("button", name="Clear filters")).to_be_visible()
        page.go_back()
        expect(rows).to_have_count(8)
        page.get_by_label("state").select_option("all")
        expect(page).to_have_url(f"{page.url.split('#')[0]}#/history?state=all")


def test_the_fleet_shows_what_is_away_first(chromium: Browser, serve: Serve) -> None:
    with opened(chromium, serve(seeds.B), fragment="#/fleet") as page:
        expect(page.locator("h2").first).to_have_text("MacBook")
        expect(page.locator("main")).to_contain_text("away since 09:10 (4 h 53 min)")
        expect(page.locator("section", has_text="MacBook").locator(".state").first).to_have_text(
            "away"
        )


def test_the_page_is_small(bundle: Path) -> None:
    import gzip  # noqa: PLC0415

    packed = sum(len(gzip.compress(file.read_bytes())) for file in bundle.iterdir())
    assert packed < 120_000
