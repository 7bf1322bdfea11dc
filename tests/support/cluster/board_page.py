"""The board as a person opens it: `stagework board`, and Debian's chromium before it."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Locator, Page, expect

from tests.support.board.browser import browser
from tests.support.cluster.commands import ROOT, Document, environment
from tests.support.cluster.space import Space
from tests.support.cluster.waiting import eventually

SEEN_MS: Final = 60_000
"""Longest time until the page shows what is so: the machine may be shared with builders."""
_ADDRESS: Final = re.compile(r"board: (?P<address>http://\S+)")
_HELD: Final = frozenset({"Suspended", "AwaitingApproval"})
_NOT_DUE: Final = frozenset({*_HELD, "DependenciesPending", "NoNodeOfClass", "MachineAway"})


@contextmanager
def opened_board(space: Space) -> Generator[Page]:
    """The queue's page, of this namespace alone, until the end of the block."""
    command = [sys.executable, "-m", "stagework.cli", "board", "--no-browser"]
    with subprocess.Popen(
        [*command, "-n", space.namespace],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(PYTHONUNBUFFERED="1"),
        cwd=ROOT,
    ) as serving:
        try:
            address = _address(serving)
            with browser() as started:
                page = started.new_page(viewport={"width": 1440, "height": 1000}, locale="en")
                page.set_default_timeout(SEEN_MS)
                page.goto(f"{address}#/queue?ns={space.namespace}")
                yield page
        finally:
            serving.terminate()


def show(page: Page, space: Space, fragment: str) -> None:
    """Another page of the board, as a link leads there."""
    page.evaluate(f"location.hash = {f'#/{fragment}?ns={space.namespace}'!r}")


def confirm(page: Page, verb: str, button: str, why: str = "") -> Locator:
    """Ask for something: its preview, why, and its one button; gives the answer."""
    page.get_by_role("button", name=verb).click()
    dialog = page.get_by_role("dialog")
    if why:
        dialog.get_by_label("Why").fill(why)
    dialog.get_by_role("button", name=button).click()
    alert = page.get_by_role("alert")
    expect(alert).to_be_visible(timeout=SEEN_MS)
    return alert


def counts_on(page: Page) -> dict[str, int]:
    """The numbers on top, by their words."""
    found = page.locator(".counts li").all_inner_texts()
    words = [text.split() for text in found]
    return {word: int(number.replace(",", "")) for number, word in words}


def counted(space: Space) -> dict[str, int]:
    """What a person counts in `kubectl get`, by the words of `docs/queue-numbers.md`."""
    counts: Counter[str] = Counter()
    for run in space.kubectl("get", "pipelinejobs", "-o", "json").document()["items"]:
        for stage in run.get("status", {}).get("stages", []):
            counts[_word(stage)] += 1
    return {word: counts[word] for word in ("running", "waiting", "deferred", "failed")}


def _word(stage: Document) -> str:
    state, reason = stage.get("state", "Waiting"), stage.get("reason", "")
    if state in {"Starting", "Running", "Away"}:
        return "running"
    if state == "Failed":
        return "failed"
    if state == "Deferred":
        return "deferred"
    return "waiting" if state == "Stuck" or _waits(state, reason) else "other"


def _waits(state: str, reason: str) -> bool:
    return state == "Waiting" and reason not in _NOT_DUE


def same_numbers(page: Page, space: Space) -> None:
    """The page and `kubectl get` say the same, at a moment at which nothing moves."""

    def both() -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
        before = counted(space)
        return before, counts_on(page), counted(space)

    def agree(seen: tuple[dict[str, int], dict[str, int], dict[str, int]]) -> bool:
        before, shown, after = seen
        return before == after and all(shown.get(word) == before[word] for word in before)

    eventually(both, agree, seconds=SEEN_MS / 1000, otherwise=lambda: str(both()))


def _address(serving: "subprocess.Popen[str]") -> str:
    assert serving.stdout is not None
    for line in serving.stdout:
        found = _ADDRESS.search(line)
        if found is not None:
            return found["address"]
    raise AssertionError(f"stagework board has ended: {serving.wait()}")
