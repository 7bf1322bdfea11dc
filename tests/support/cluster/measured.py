"""What a story of a fault measures: `make test-faults` makes a table of it."""

import json
import os
import re
import time
from dataclasses import asdict
from pathlib import Path

from hack.release_tests.__main__ import PROGRESS
from hack.release_tests.faults import FOLDER, Fault
from tests.support.cluster.space import Space
from tests.support.cluster.waiting import Condition


class Measured:
    """One fault, from when it happens. What has no end has failed."""

    def __init__(self, story: str, what: str) -> None:
        self._story = story
        self._what = what
        self._began = time.monotonic()
        self._detected: float | None = None
        self._recovered: float | None = None
        self._copies: int | None = None
        self._outcome = "failed"

    def begins(self) -> None:
        """It happens now."""
        self._began = time.monotonic()

    def seen(self, space: Space, run: str, wanted: Condition, seconds: float) -> None:
        """Wait until the run says what has happened: so long it took to detect it."""
        space.wait_for(run, wanted, seconds)
        if self._detected is None:
            self._detected = self._since()

    def heals(self) -> None:
        """What was done is undone now: how long it takes to recover counts from here."""
        self._began = time.monotonic()

    def goes_on(self) -> None:
        """Work goes on now, or is given up for a stated cause: so long it took to recover."""
        if self._recovered is None:
            self._recovered = self._since()

    def ended(self, outcome: str, copies: int) -> None:
        """How it ended: the last that a story says."""
        self._outcome, self._copies = outcome, copies

    def keep(self) -> None:
        """Write it down where somebody asked for it."""
        folder = os.environ.get(PROGRESS)
        if folder is None:
            return
        fault = Fault(
            self._story, self._what, self._detected, self._recovered, self._copies, self._outcome
        )
        path = Path(folder) / FOLDER
        path.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^a-z0-9]+", "-", f"{Path(self._story).stem}-{self._what}".lower())
        (path / f"{name}.json").write_text(json.dumps(asdict(fault)))

    def _since(self) -> float:
        return time.monotonic() - self._began
