"""One browser for all pages; a service for each test, so that each has its own cluster."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from hack.devcluster import board
from tests.support.board.browser import browser
from tests.support.board.seeds import Seed
from tests.support.board.serving import ServedBoard, served

expect.set_options(timeout=20_000)  # others may have the machine

Serve = Callable[[Seed], ServedBoard]


@pytest.fixture(scope="session")
def bundle() -> Path:
    """The page as the image has it."""
    chosen = os.environ.get("STAGEWORK_BOARD")
    return Path(chosen) if chosen else board.bundle()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser."""
    with browser() as started:
        yield started


@pytest.fixture
def serve(bundle: Path, tmp_path: Path) -> Iterator[Serve]:
    """Serves a seed until the end of the test."""
    with ExitStack() as stack:
        yield lambda seed: stack.enter_context(served(seed, bundle, tmp_path))
