"""Every write is a crash point for a ScheduledJob too: no slot runs twice, each is counted once.

Four plots: what people ask of it and a history that keeps a single run; runs that replace the one
before; runs that wait for it; and a schedule that is suspended while one waits, and resumed. The
operator is killed at each of its writes, before it is sent and after it is committed but before the
answer arrives; another one starts.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import pytest

from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import INTERVENTIONS, PIPELINE_JOBS, SCHEDULED_JOBS, Json, part
from tests.support.fakeapi.store import Change
from tests.support.operators.crash import CrashPoint, Moment
from tests.support.operators.setup import NAMESPACE
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

BEGAN: Final = datetime(2026, 3, 1, tzinfo=UTC)
MANY: Final = 200
"""More writes than it takes."""
STAGE: Final[Json] = {"name": "a", "image": "x", "runsOn": ["gpu"], "contract": "Mark"}
EVERY_30_S: Final[Json] = {
    "schedule": {"intervalSeconds": 30},
    "successfulJobsHistoryLimit": 1,
    "template": {"pipelineJob": {"stages": [STAGE]}},
}
COUNTED: Final = ("totalExecutions", "successfulExecutions", "failedExecutions", "skipped")


@dataclass(frozen=True)
class Plot:
    """A schedule, what people do with it, and what comes of it whoever dies."""

    spec: Json
    run_seconds: float
    made: tuple[str, ...]
    """Slots that get a run, as their times; `now`: what a person asked for."""
    counted: tuple[int, int, int, int]
    """As `COUNTED` has them."""
    asked: tuple[tuple[str, str], ...] = ()
    """Interventions at its beginning: name and verb."""
    suspended: tuple[float, float] | None = None
    """A person suspends it after so many seconds, and resumes it after so many."""
    most_at_once: int = 1

    @property
    def wanted(self) -> Json:
        """Its outcome."""
        return {
            "made": {f"it-20260301t{slot}" if slot != "now" else "it-now": 1 for slot in self.made},
            "stats": dict(zip(COUNTED, self.counted, strict=True)),
            "answers": dict.fromkeys((name for name, _ in self.asked), "Done"),
            "kept": 1,
            "too many at once": False,
        }


PLOTS: Final = {
    "people ask": Plot(
        {**EVERY_30_S, "endTime": "2026-03-01T00:01:45Z", "maxInstances": 2},
        run_seconds=4,
        made=("000100", "000130", "now"),
        counted=(3, 3, 0, 1),
        asked=(("now", "RunNow"), ("skip", "SkipNext")),
        most_at_once=2,
    ),
    "replaced": Plot(
        {**EVERY_30_S, "endTime": "2026-03-01T00:01:15Z", "onOverlap": "Replace"},
        run_seconds=200,
        made=("000030", "000100"),
        counted=(2, 1, 1, 0),
    ),
    "queued": Plot(
        {**EVERY_30_S, "endTime": "2026-03-01T00:01:45Z", "onOverlap": "Queue"},
        run_seconds=50,
        made=("000030", "000100", "000130"),
        counted=(3, 3, 0, 0),
    ),
    "suspended": Plot(
        {**EVERY_30_S, "endTime": "2026-03-01T00:03:15Z", "onOverlap": "Queue"},
        run_seconds=50,
        made=("000030", "000230", "000300"),
        counted=(3, 3, 0, 1),
        suspended=(70, 130),
    ),
}


class Story:
    """One such world."""

    def __init__(self, world: World, plot: Plot) -> None:
        self.world = world
        self.plot = plot
        self.made: Counter[str] = Counter()
        self.most_at_once = 0
        world.store.listeners.append(self._noted)
        world.store.create(
            SCHEDULED_JOBS, NAMESPACE, {"metadata": {"name": "it"}, "spec": plot.spec}
        )
        for name, verb in plot.asked:
            spec = {"target": {"kind": "ScheduledJob", "name": "it"}, "verb": verb}
            body: Json = {"metadata": {"name": name}, "spec": spec}
            world.store.create(INTERVENTIONS, NAMESPACE, body)

    async def suspend_and_resume(self) -> None:
        """What a person does, where the plot says so."""
        begin, end = self.plot.suspended or (0.0, 0.0)
        for seconds, suspend in ((begin, True), (end - begin, False)):
            await asyncio.sleep(seconds)
            if self.plot.suspended is not None:
                change: Json = {"spec": {"suspend": suspend}}
                self.world.store.patch(SCHEDULED_JOBS, NAMESPACE, "it", change)

    def over(self) -> bool:
        """The last slot has its run, which has ended, and all is cleared away."""
        stats = self.outcome()["stats"]
        ended = stats["successfulExecutions"] + stats["failedExecutions"]
        finished = self._status().get("summary") == "Finished"
        return finished and ended >= len(self.plot.made) and self.outcome()["kept"] <= 1

    def outcome(self) -> Json:
        """What has come of it."""
        stats = part(self._status(), "stats")
        return {
            "made": dict(self.made),
            "stats": {name: stats.get(name, 0) for name in COUNTED},
            "answers": dict(self._answers()),
            "kept": len(self.world.store.list(PIPELINE_JOBS)),
            "too many at once": self.most_at_once > self.plot.most_at_once,
        }

    def _status(self) -> Json:
        return part(self.world.store.get(SCHEDULED_JOBS, NAMESPACE, "it").data, "status")

    def _answers(self) -> Iterator[tuple[str, str]]:
        for stored in self.world.store.list(INTERVENTIONS):
            yield stored.meta["name"], part(stored.data, "status").get("summary", "")

    def _noted(self, change: Change) -> None:
        if change.resource is PIPELINE_JOBS and change.old is None and change.new is not None:
            name = change.new.meta["name"]
            self.made["it-now" if name.startswith("it-now-") else name] += 1
            runs = [part(run.data, "status") for run in self.world.store.list(PIPELINE_JOBS)]
            at_work = sum(not status.get("completionTime") for status in runs)
            self.most_at_once = max(self.most_at_once, at_work)


async def _through(
    timescale: VirtualTime, plot: Plot, index: int, moment: Moment
) -> tuple[CrashPoint, Json]:
    async with World(timescale, behave=lambda _: Behaviour(seconds=plot.run_seconds)) as world:
        point = CrashPoint(world, index, moment, 1.5 if index % 2 else 0.0)
        point.arm()
        world.start_operator()
        story = Story(world, plot)
        person = asyncio.create_task(story.suspend_and_resume())
        await world.until(story.over, seconds=600)
        await asyncio.gather(person, point.restarted())
        world.check_invariants()
        return point, story.outcome()


@pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)
def test_nobody_dies(plot: Plot) -> None:
    timescale = VirtualTime(BEGAN)
    assert timescale.run(_through(timescale, plot, MANY, "before it is sent"))[1] == plot.wanted


@pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)
@pytest.mark.parametrize("moment", ["before it is sent", "after it is committed"])
def test_the_end_is_the_same_wherever_the_operator_dies(plot: Plot, moment: Moment) -> None:
    wrong: list[str] = []
    for index in range(1, MANY):
        timescale = VirtualTime(BEGAN)
        try:
            point, outcome = timescale.run(_through(timescale, plot, index, moment))
        except (AssertionError, TimeoutError) as error:
            wrong.append(f"{index}: {error!r}")
            continue
        if not point.hit:
            break
        if outcome != plot.wanted:
            wrong.append(f"{index}, {point.hit}: {outcome}")
    else:
        pytest.fail("there are more writes than were tried")
    assert not wrong, "\n".join(wrong)
