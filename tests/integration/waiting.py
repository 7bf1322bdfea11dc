"""Wait until something is true of the API server; it reads policies a moment later."""

import time
from collections.abc import Callable
from typing import TypeVar

SECONDS = 30
T = TypeVar("T")


def eventually(ask: Callable[[], T], otherwise: str) -> T:
    """The first answer that is true; fails the test with `otherwise` where none comes."""
    until = time.monotonic() + SECONDS
    while not (answer := ask()):
        assert time.monotonic() < until, otherwise
        time.sleep(0.2)
    return answer
