"""Every write of the operator is a crash point: whatever is cut, the end is the same.

The run has nine stages, a fork, a failing attempt, a person's Skip and a person's Retry. The
operator is killed at each of its writes, before it is sent and after it is committed but before
the answer arrives; another one starts. What the stage processes saw decides (the invariants).

All of it twice: by an operator that has nothing else to do, and by a busy one, which makes Jobs
before any status of the run is stored, and loses with its life what up to ten seconds had brought.
"""

import asyncio
from dataclasses import replace
from typing import Final

import pytest

from stagework.controllers import status_writer
from stagework.policies.slots.ledger import SlotLedger
from tests.support.fakeapi.kubelet import Behave, Behaviour
from tests.support.fakeapi.resources import Json
from tests.support.operators import scenario
from tests.support.operators.crash import CrashPoint, Moment
from tests.support.operators.every_write import all_points
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

MANY: Final = 200
"""More writes than a run has."""
OTHERS_AT_WORK: Final = 20
"""So many stages of other runs keep a busy operator from writing: it waits the full ten seconds."""
STATUS: Final = f"PATCH pipelinejobs/status {scenario.RUN}"


@pytest.fixture(scope="module")
def faultless() -> Json:
    """The outcome where nobody dies, and nobody is busy."""
    timescale = VirtualTime()
    return timescale.run(_run(timescale, MANY, "before it is sent", scenario.behave))[1]


@pytest.fixture(params=["idle", "busy"])
def behave(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Behave:
    """What the stages do under operators that are idle, or busy from their start."""
    if request.param == "idle":
        return scenario.behave
    _make_busy(monkeypatch)
    return _unhurried


def _make_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(_ledger: SlotLedger) -> int:
        return OTHERS_AT_WORK

    monkeypatch.setattr(SlotLedger, "taken", taken)
    monkeypatch.setattr(status_writer, "MANY_OBJECTS", 0)  # statuses that wait are kept as JSON


def _unhurried(pod: Json) -> Behaviour:
    """Stages that run long enough for an idle operator to write on the way."""
    return replace(scenario.behave(pod), seconds=2.0)


async def _run(
    timescale: VirtualTime, index: int, moment: Moment, behave: Behave
) -> tuple[CrashPoint, Json]:
    async with World(timescale, behave=behave) as world:
        down = 1.5 if index % 2 else 0.0
        point = CrashPoint(world, index, moment, down)
        point.arm()
        world.start_operator()
        scenario.begin(world)
        await world.until(lambda: scenario.over(world), seconds=300)
        await point.restarted()
        await asyncio.sleep(1)  # the last operator may do no more harm
        outcome = scenario.outcome(world)
        world.check_invariants()
        return point, outcome


@pytest.mark.parametrize("moment", ["before it is sent", "after it is committed"])
def test_the_end_is_the_same_wherever_the_operator_dies(
    moment: Moment, behave: Behave, faultless: Json
) -> None:
    timescale = VirtualTime()
    points = all_points(lambda index: _run(timescale, index, moment, behave), faultless, most=MANY)
    wrong = timescale.run(points)
    assert not wrong, "\n".join(wrong)


def test_even_a_busy_operator_ungates_no_pod_before_that_is_on_record_and_it_writes_fewer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    idle = _writes()
    _make_busy(monkeypatch)
    busy = _writes()

    assert _before_first_status(idle, "PATCH pods") == 0
    assert _before_first_status(busy, "PATCH pods") == 0
    assert _before_first_status(busy, "POST jobs") > 0
    assert busy.count(STATUS) < idle.count(STATUS)


def _writes() -> list[str]:
    timescale = VirtualTime()
    point, _ = timescale.run(_run(timescale, MANY, "before it is sent", _unhurried))
    return point.writes


def _before_first_status(writes: list[str], what: str) -> int:
    return sum(write.startswith(what) for write in writes[: writes.index(STATUS)])
