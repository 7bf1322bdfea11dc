import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from typer import Typer
from typer.testing import CliRunner

from stagework.cli import main
from stagework.cli.commands.session import Session
from tests.support.builders.written_runs import at
from tests.unit.cli.fakecluster import FakeCluster


@dataclass(frozen=True)
class Outcome:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """Lines of stdout."""
        return self.out.splitlines()


@dataclass
class Cli:
    """The CLI in front of a fake cluster, with a clock that a test moves."""

    cluster: FakeCluster
    app: Typer = main.app
    time: datetime = field(default_factory=lambda: at(100))
    slept: list[float] = field(default_factory=list[float])
    on_sleep: Callable[[], None] = lambda: None
    step_seconds: float = 0
    looks: int = 0
    alarms: dict[int, signal.Signals] = field(default_factory=dict[int, signal.Signals])
    """Number of a look at the clock to the signal that this process gets then."""

    def now(self) -> datetime:
        """The clock; each look at it moves it by `step_seconds`."""
        self.looks += 1
        if self.looks in self.alarms:
            os.kill(os.getpid(), self.alarms[self.looks])
        self.time += timedelta(seconds=self.step_seconds)
        return self.time

    def sleep(self, seconds: float) -> None:
        """Moves the clock at once."""
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)
        self.on_sleep()

    def __call__(self, *words: object) -> Outcome:
        """Type a command."""
        session = Session(lambda: self.cluster, now=self.now, sleep=self.sleep)
        result = CliRunner().invoke(self.app, [str(word) for word in words], obj=session)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def cli(cluster: FakeCluster) -> Cli:
    return Cli(cluster)
