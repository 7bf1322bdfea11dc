"""Says what is being done and how long it took, also while it takes long.

On a terminal the line of a running step counts its seconds; in a log a long step says
every half minute that it is still there.
"""

import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

LOG_EVERY_SECONDS = 30.0
TERMINAL_EVERY_SECONDS = 1.0


def say(text: str) -> None:
    """Print one line at once: others may be reading along in a pipe."""
    print(text, flush=True)


def lasted(seconds: float) -> str:
    """Write a duration as a person says it: ``0.4 s``, ``48 s``, ``3 min 20 s``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60:02d} s"


@contextmanager
def step(name: str, usually: str = "") -> Generator[None]:
    """Run the body as a named step; ``usually`` says how long that may take."""
    started = time.monotonic()
    terminal = sys.stdout.isatty()
    done = threading.Event()
    hint = f" ({usually})" if usually else ""
    if not terminal:
        say(f"  .. {name}{hint}")

    def tick() -> None:
        every = TERMINAL_EVERY_SECONDS if terminal else LOG_EVERY_SECONDS
        while not done.wait(every):
            so_far = lasted(time.monotonic() - started)
            if terminal:
                print(f"\r  .. {name}{hint}: {so_far}\x1b[K", end="", flush=True)
            else:
                say(f"  .. {name}: {so_far} so far")

    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    outcome = "failed"
    try:
        yield
        outcome = "ok"
    finally:
        done.set()
        ticker.join()
        clear = "\r\x1b[K" if terminal else ""
        say(f"{clear}  {outcome} {name}: {lasted(time.monotonic() - started)}")
