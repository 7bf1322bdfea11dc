"""Debian's chromium, driven by Playwright: pages that see nothing but the service on loopback."""

import json
import shutil
from base64 import urlsafe_b64encode
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, Literal, cast

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
    context.add_init_script(_SOCKETS)
    if signed_in:
        context.route("**/v1/**", lambda route: _proved(route, board.token))
        context.add_init_script(f"proveSockets({json.dumps(_protocols(board.token))})")
    try:
        page.goto(board.url + fragment)
        yield page
    finally:
        context.close()


_SOCKETS: Final = """(() => {
    const Real = window.WebSocket, open = new Set();
    let proof = [], isCut = false;
    window.WebSocket = class extends Real {
        constructor(address, protocols = []) {
            // Port 9 of loopback: nobody listens there.
            super(isCut ? "ws://127.0.0.1:9/" : address, protocols.length ? protocols : proof);
            open.add(this);
            this.addEventListener("close", () => open.delete(this));
        }
    };
    window.proveSockets = (protocols) => { proof = protocols; };
    window.hearSockets = (news) => {
        const data = JSON.stringify(news);
        for (const one of open) one.dispatchEvent(new MessageEvent("message", { data }));
    };
    window.cutSockets = (cut) => { isCut = cut; for (const one of open) one.close(); };
})()"""
"""Sockets with a proof, as `stagework board` gives it, that a test can cut."""


def _protocols(token: str) -> list[str]:
    packed = urlsafe_b64encode(token.encode()).decode().rstrip("=")
    return [f"base64url.bearer.authorization.k8s.io.{packed}", "stagework.v1"]


def cut_sockets(page: Page, *, cut: bool = True) -> None:
    """No WebSocket stands, and none can be opened; or they can again."""
    page.evaluate(f"cutSockets({json.dumps(cut)})")


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
