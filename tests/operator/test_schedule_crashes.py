"""Every write is a crash point for a ScheduledJob too: no slot runs twice, each is counted once.

A schedule with three slots, a person who runs it once more, one who lets a slot pass, and a history
that keeps a single run. The operator is killed at each of its writes, before it is sent and after
it is committed but before the answer arrives; another one starts.
"""

from collections import Counter
from collections.abc import Iterator
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
SPEC: Final[Json] = {
    "schedule": {"intervalSeconds": 30},
    "endTime": "2026-03-01T00:01:45Z",
    "maxInstances": 2,
    "successfulJobsHistoryLimit": 1,
    "template": {"pipelineJob": {"stages": [STAGE]}},
}
COUNTED: Final = ("totalExecutions", "successfulExecutions", "failedExecutions", "skipped")
WANTED: Final[Json] = {
    "made": {"it-20260301t000100": 1, "it-20260301t000130": 1, "it-now": 1},
    "stats": {"totalExecutions": 3, "successfulExecutions": 3, "failedExecutions": 0, "skipped": 1},
    "answers": {"now": "Done", "skip": "Done"},
    "kept": 1,
}


class Story:
    """One such world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.made: Counter[str] = Counter()
        world.store.listeners.append(self._noted)
        world.store.create(SCHEDULED_JOBS, NAMESPACE, {"metadata": {"name": "it"}, "spec": SPEC})
        for name, verb in (("now", "RunNow"), ("skip", "SkipNext")):
            spec = {"target": {"kind": "ScheduledJob", "name": "it"}, "verb": verb}
            body: Json = {"metadata": {"name": name}, "spec": spec}
            world.store.create(INTERVENTIONS, NAMESPACE, body)

    def over(self) -> bool:
        """The last slot has its run, which has ended, and all is cleared away."""
        stats = self.outcome()["stats"]
        ended = stats.get("successfulExecutions", 0) + stats.get("failedExecutions", 0)
        finished = self._status().get("summary") == "Finished"
        return finished and ended >= 3 and self.outcome()["kept"] <= 1

    def outcome(self) -> Json:
        """What has come of it."""
        stats = part(self._status(), "stats")
        return {
            "made": dict(self.made),
            "stats": {name: stats.get(name, 0) for name in COUNTED},
            "answers": dict(self._answers()),
            "kept": len(self.world.store.list(PIPELINE_JOBS)),
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


async def _through(timescale: VirtualTime, index: int, moment: Moment) -> tuple[CrashPoint, Json]:
    async with World(timescale, behave=lambda _: Behaviour(seconds=4)) as world:
        point = CrashPoint(world, index, moment, 1.5 if index % 2 else 0.0)
        point.arm()
        world.start_operator()
        story = Story(world)
        await world.until(story.over, seconds=400)
        await point.restarted()
        world.check_invariants()
        return point, story.outcome()


def test_nobody_dies() -> None:
    timescale = VirtualTime(BEGAN)
    assert timescale.run(_through(timescale, MANY, "before it is sent"))[1] == WANTED


@pytest.mark.parametrize("moment", ["before it is sent", "after it is committed"])
def test_the_end_is_the_same_wherever_the_operator_dies(moment: Moment) -> None:
    wrong: list[str] = []
    for index in range(1, MANY):
        timescale = VirtualTime(BEGAN)
        try:
            point, outcome = timescale.run(_through(timescale, index, moment))
        except (AssertionError, TimeoutError) as error:
            wrong.append(f"{index}: {error!r}")
            continue
        if not point.hit:
            break
        if outcome != WANTED:
            wrong.append(f"{index}, {point.hit}: {outcome}")
    else:
        pytest.fail("there are more writes than were tried")
    assert not wrong, "\n".join(wrong)
