"""Debian's chromium, driven by Playwright: pages that see nothing but the service on loopback."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from typing import Literal, cast

from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.support.board.serving import ServedBoard

Theme = Literal["light", "dark"]
WIDTHS = (360, 768, 1440)


@contextmanager
def browser() -> Generator[Browser]:
    """One browser for many pages."""
    program = shutil.which("chromium")
    if program is None:
        raise RuntimeError("chromium is not there: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=program,
            # As root there is no sandbox; what is shown is our own page.
            args=["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"],
        )
        try:
            yield started
        finally:
            started.close()


@contextmanager
def opened(
    with_browser: Browser,
    board: ServedBoard,
    *,
    fragment: str = "",
    width: int = 1440,
    height: int = 900,
    theme: Theme = "light",
    language: str = "en",
    signed_in: bool = True,
) -> Generator[Page]:
    """A page of the board; `faults` of it are what the browser complained of."""
    context = with_browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=theme,
        locale=language,
        timezone_id="Europe/Berlin",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    if signed_in:
        context.route("**/v1/**", lambda route: _proved(route, board.token))
    try:
        page.goto(board.url + fragment)
        yield page
    finally:
        context.close()


def _proved(route: Route, token: str) -> None:
    """As `stagework board` does it: the proof is put in on the way."""
    headers = {**route.request.headers, "authorization": f"Bearer {token}"}
    route.continue_(headers=headers)


def complaints(page: Page) -> list[str]:
    """Errors and refusals by the policy that the page meets from now on."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    return heard


def is_wider_than_the_screen(page: Page) -> bool:
    """Whether one would have to scroll sideways."""
    root = "document.scrollingElement"
    return cast("bool", page.evaluate(f"{root}.scrollWidth > {root}.clientWidth"))
