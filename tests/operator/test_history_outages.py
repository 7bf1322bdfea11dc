"""The store goes away under load: no stage waits for it, and afterwards nothing is missing.

The whole operator with a real database behind it: PostgreSQL that is stopped in mid-run, SQLite
whose disk is full.
"""

import resource
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from stagework.api.facts import AttemptFact, RunFact
from stagework.api.history import RunQuery
from stagework.history.sql import SqlHistory
from stagework.settings import HistorySettings
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import Json
from tests.support.history.postgresql import Server, postgresql
from tests.support.history.sqlfacts import DatabaseFacts
from tests.support.operators.setup import settings
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World
from tests.support.recorded import stages_of

RUNS = 24
STAGES = ("a", "b", "c")
AWAY_SECONDS = 600.0
Outage = Callable[[], AbstractContextManager[None]]


def every_third_fails_once(pod: Json) -> Behaviour:
    """The same attempts in each story: by what names them, for a Pod's name has a random uid."""
    labels = pod["metadata"]["labels"]
    named = labels["stagework.dev/pipelinejob"] + labels["stagework.dev/stage"]
    fails = labels["stagework.dev/attempt"] == "1" and sum(map(ord, named)) % 3 == 0
    return Behaviour(seconds=20, exit_code=7 if fails else 0)


@dataclass
class Told:
    """What history knows in the end."""

    runs: dict[str, RunFact]
    attempts: dict[str, list[AttemptFact]]


@dataclass
class Story:
    """How long the work took, what the objects say, what history says."""

    seconds: float = 0.0
    stages: dict[str, dict[str, Json]] | None = None
    told: Told | None = None
    refused: int = 0


def run_story(of: HistorySettings, outage: Outage | None) -> Story:
    """Many runs at once; in the midst of them the outage begins, and it ends long after them."""
    story = Story()

    async def main() -> None:
        history = SqlHistory(of)
        await history.open()
        facts = DatabaseFacts(history)
        async with World(timescale, behave=every_third_fails_once, of=settings(slots=6)) as world:
            world.start_operator(facts=facts)
            began = timescale.monotonic()
            names = [f"run-{number}" for number in range(RUNS)]
            for name in names:
                world.apply(name, [_stage(name) for name in STAGES])
            await world.until(lambda: _done(world, names) >= RUNS // 4, seconds=900)
            if outage is None:
                await world.until(lambda: _done(world, names) == RUNS, seconds=900)
                story.seconds = timescale.monotonic() - began
            else:
                with outage():
                    await world.until(lambda: _done(world, names) == RUNS, seconds=900)
                    story.seconds = timescale.monotonic() - began
                    until = timescale.monotonic() + AWAY_SECONDS
                    await world.until(lambda: timescale.monotonic() > until, seconds=900)
                    story.refused = facts.refused
            await world.until(lambda: _waiting(world) == 0, seconds=900)
            story.stages = {
                name: {stage["name"]: stage for stage in stages_of(world.run(name))}
                for name in names
            }
            story.told = await _told(history)
        await history.close()

    timescale = VirtualTime()
    timescale.run(main())
    return story


def _stage(name: str) -> Json:
    return {"name": name, "image": "x", "runsOn": ["gpu"], "backoffSeconds": 0}


def _done(world: World, names: list[str]) -> int:
    return sum(world.summary(name) == "Completed" for name in names)


def _waiting(world: World) -> float:
    return world.operators[-1].runtime.registry.get_sample_value("stagework_facts_waiting") or 0


async def _told(history: SqlHistory) -> Told:
    page = await history.runs(RunQuery(limit=500))
    attempts: dict[str, list[AttemptFact]] = {}
    for run in page.items:
        found = await history.run(run.uid)
        assert found is not None
        attempts[run.name] = found.attempts
    return Told({run.name: run for run in page.items}, attempts)


def check(story: Story) -> None:
    """Every run, every attempt of every stage is known, with all its times."""
    assert story.told is not None
    assert story.stages is not None
    assert sorted(story.told.runs) == sorted(story.stages)
    for name, stages in story.stages.items():
        run = story.told.runs[name]
        assert (run.state, run.done, run.ended is not None) == ("Completed", len(STAGES), True)
        known = {(fact.stage, fact.attempt): fact for fact in story.told.attempts[name]}
        expected = {
            (stage, number)
            for stage, status in stages.items()
            for number in range(1, status.get("attempt", 1) + 1)
        }
        assert set(known) == expected
        for (stage, number), fact in known.items():
            last = number == stages[stage].get("attempt", 1)
            assert (fact.outcome, fact.followed) == (
                ("Succeeded", False) if last else ("Failed", True)
            )
            assert fact.queued is not None
            assert fact.started is not None
            assert fact.ended is not None
            assert fact.queued <= fact.ended
            assert (fact.machine, fact.home, fact.maxAttempts) == ("gpu", "gpu", 3)
    assert any(len(known) > len(STAGES) for known in story.told.attempts.values())


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL server."""
    with postgresql() as started:
        yield started


def test_postgresql_that_is_stopped_under_load_holds_nobody_up_and_misses_nothing(
    server: Server,
) -> None:
    @contextmanager
    def stopped() -> Generator[None]:
        server.stop()
        try:
            yield
        finally:
            server.start()

    with_store = run_story(server.database(), None)
    check(with_store)
    without = run_story(server.database(), stopped)
    assert without.refused > 5
    check(without)
    assert without.seconds == pytest.approx(with_store.seconds, rel=0.02)


def test_a_full_disk_of_sqlite_under_load_holds_nobody_up_and_misses_nothing(
    tmp_path: Path,
) -> None:
    @contextmanager
    def full() -> Generator[None]:
        """No file of this process may grow."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    with_store = run_story(HistorySettings(file=str(tmp_path / "one.db")), None)
    without = run_story(HistorySettings(file=str(tmp_path / "two.db")), full)
    assert without.refused > 5
    check(without)
    assert without.seconds == pytest.approx(with_store.seconds, rel=0.02)
