"""A status that may wait is kept and merged; what is stale is never believed."""

from typing import Any

import pytest

from stagework.api.base import Observed
from stagework.api.kinds import PIPELINEJOB
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.resources import ObjectRef
from stagework.cluster.cache.own_objects import OwnMeta, OwnObject
from stagework.controllers import status_writer
from stagework.controllers.status_writer import StatusWriter, Waits, Written
from stagework.plans.plan import Plan
from stagework.plans.status_writes import LONGEST_MERGE_SECONDS, MERGE_SECONDS
from tests.support.builders import after, make_status

TARGET = PIPELINEJOB.ref("ads", "run", "u1", "7")
MOVES_ON = Plan(status=PipelineJobStatus(summary="Running", stages=[make_status("a")]))
VERDICT = Plan(status=PipelineJobStatus(summary="Completed"), urgent=True)
PATIENT = Plan(status=PipelineJobStatus(summary="Running"), patient=True)
NOTHING: Plan[Any] = Plan()


class Applied:
    """Stands in for the Applier; keeps what was written."""

    def __init__(self) -> None:
        self.written: list[Observed] = []

    async def write_status(self, target: ObjectRef, status: Observed) -> OwnObject:
        self.written.append(status)
        return OwnObject(OwnMeta(target.name, target.namespace, target.uid, "8"))


class Desk:
    """A writer at a time that the test sets."""

    def __init__(self) -> None:
        self.applied = Applied()
        self.now = 100.0
        self.at_work = 1
        self.writer = StatusWriter(
            self.applied,  # pyright: ignore[reportArgumentType]
            at_work=lambda: self.at_work,
            queue_latency=lambda: 0.0,
            clock=lambda: self.now,
        )

    async def write(self, plan: Plan[Any]) -> Written | Waits | None:
        return await self.writer.write(PIPELINEJOB, TARGET, plan)

    def unwritten(self, version: str) -> Observed | None:
        return self.writer.unwritten(PIPELINEJOB, "u1", version)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_first_status_is_written_at_once(desk: Desk) -> None:
    assert isinstance(await desk.write(MOVES_ON), Written)


async def test_a_first_status_waits_for_the_second_while_much_is_at_work(desk: Desk) -> None:
    desk.at_work = 20
    assert isinstance(await desk.write(MOVES_ON), Waits)
    desk.now += 60
    assert isinstance(await desk.write(NOTHING), Written), "and no longer than that"


async def test_what_waits_is_written_when_its_time_has_come(desk: Desk) -> None:
    await desk.write(VERDICT)
    desk.now += 0.25
    assert await desk.write(MOVES_ON) == Waits(0.75)
    desk.now += 0.75
    await desk.write(NOTHING)
    assert desk.applied.written == [VERDICT.status, MOVES_ON.status]


async def test_a_patient_one_waits_for_another_change_and_goes_with_it(desk: Desk) -> None:
    await desk.write(VERDICT)
    assert await desk.write(PATIENT) == Waits(LONGEST_MERGE_SECONDS)
    desk.now += 5
    assert await desk.write(NOTHING) == Waits(LONGEST_MERGE_SECONDS - 5)
    assert isinstance(await desk.write(MOVES_ON), Written)
    assert desk.applied.written == [VERDICT.status, MOVES_ON.status]


async def test_a_patient_one_that_nothing_comes_after_is_written_all_the_same(desk: Desk) -> None:
    await desk.write(VERDICT)
    await desk.write(PATIENT)
    desk.now += LONGEST_MERGE_SECONDS
    assert isinstance(await desk.write(NOTHING), Written)


async def test_a_patient_one_does_not_hold_up_what_waits_already(desk: Desk) -> None:
    await desk.write(VERDICT)
    await desk.write(MOVES_ON)
    assert await desk.write(PATIENT) == Waits(MERGE_SECONDS)


async def test_a_verdict_never_waits(desk: Desk) -> None:
    await desk.write(MOVES_ON)
    assert isinstance(await desk.write(VERDICT), Written)


async def test_without_a_status_nothing_is_written(desk: Desk) -> None:
    assert await desk.write(NOTHING) is None
    assert desk.applied.written == []


async def test_an_unwritten_status_counts_while_nothing_else_was_written(desk: Desk) -> None:
    await desk.write(VERDICT)
    await desk.write(MOVES_ON)
    assert desk.unwritten("7") is MOVES_ON.status
    assert desk.unwritten("7") is MOVES_ON.status


async def test_an_unwritten_status_is_dropped_when_the_object_has_changed(desk: Desk) -> None:
    await desk.write(VERDICT)
    await desk.write(MOVES_ON)
    assert desk.unwritten("8") is None
    assert desk.unwritten("7") is None, "it is not taken up again either"


async def test_after_a_failure_what_was_not_written_is_decided_again(desk: Desk) -> None:
    await desk.write(VERDICT)
    await desk.write(MOVES_ON)
    desk.writer.drop_unwritten("u1")
    assert desk.unwritten("7") is None


async def test_a_small_unwritten_status_reads_back_as_it_was(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_writer, "MANY_OBJECTS", 0)
    stages = [make_status("a", "Starting", pod="p1", turnTime=after(1.25)), make_status("b")]
    status = PipelineJobStatus(summary="Running", observedGeneration=1, stages=stages)
    await desk.write(VERDICT)
    await desk.write(Plan(status=status))
    assert desk.unwritten("7") is not status
    assert desk.unwritten("7") == status


def test_without_an_unwritten_status_the_stored_one_counts(desk: Desk) -> None:
    assert desk.unwritten("7") is None
