"""After the last item: when does a batch with a time to live go, and what must be over before?"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from stagework.api.conditions import conditions_for
from stagework.api.packed_chunk import Chunk
from stagework.children.chunk_run import AFTERWARDS, afterwards_name
from stagework.plans.batch.plan import plan
from stagework.plans.batch.snapshot import BatchPlan, ChildRun
from stagework.plans.made import Child, Made
from stagework.plans.plan import Create, Delete, Purpose, Refusal, creation
from tests.support.builders import T0, after
from tests.support.builders.batches import (
    BATCH_NAME,
    BATCH_UID,
    batch_snapshot,
    frozen,
    make_batch,
    make_child,
)

REPORT = afterwards_name(BATCH_NAME, BATCH_UID, 1, 0)
RECORD = f"1 {REPORT} report"
LATE = after(100)
"""Its end was at T0, and it lives for ten seconds."""


def ended(*children: ChildRun, recorded: str = "", report: bool = True, **known: Any) -> BatchPlan:
    conditions = conditions_for([], 1, succeeded="True", reason="Completed", message="", now=T0)
    status = frozen(10, nextPosition=10, done=10, completionTime=T0, conditions=conditions)
    spec = {"afterwards": {"pipelineRef": {"name": "report"}}} if report else {}
    batch = make_batch(
        status.evolve(summary="Completed", afterwards=recorded), ttlSecondsAfterFinished=10, **spec
    )
    snapshot = batch_snapshot(batch, *children, **known)
    return plan(replace(snapshot, remembered={*snapshot.remembered, BATCH_UID}), LATE)


def goes(decided: BatchPlan) -> bool:
    return any(
        isinstance(action, Delete) and action.target.uid == BATCH_UID
        for action in decided.afterwards
    )


def run(*, over: bool, at: Any = T0) -> ChildRun:
    moment = at if over else None
    return ChildRun(REPORT, "report", ended=over, succeeded=over, leaving=False, ended_at=moment)


def test_it_goes_with_its_time_to_live() -> None:
    assert goes(ended(report=False))


def test_but_not_before_the_run_afterwards_is_made() -> None:
    decided = ended()
    assert [a.name for a in decided.afterwards if isinstance(a, Create)] == [REPORT]
    assert not goes(decided)


def test_nor_before_that_is_on_record_and_over() -> None:
    made = Made({REPORT: Child(Purpose(AFTERWARDS, 1), "report")})
    decided = ended(run(over=False), made=made)
    assert decided.status is not None
    assert decided.status.afterwards == RECORD
    assert not goes(decided)


@pytest.mark.parametrize("over", [True, False])
def test_it_goes_once_the_run_afterwards_is_over(*, over: bool) -> None:
    assert goes(ended(run(over=over), recorded=RECORD, remembered={"report"})) is over


def test_a_run_afterwards_that_somebody_deleted_is_not_waited_for() -> None:
    assert goes(ended(recorded=RECORD))


def test_one_that_can_never_be_made_is_said_and_not_waited_for() -> None:
    key = creation(AFTERWARDS, 1)
    never = ended(refusals={key: Refusal("Invalid", "no such params")})
    assert never.status is not None
    assert "the run afterwards is refused: no such params" in never.status.message
    assert goes(never)
    assert not goes(ended(refusals={key: Refusal("OverQuota", "exceeded quota")}))


def test_runs_that_history_has_not_acknowledged_are_waited_for_an_hour_at_most() -> None:
    chunk = make_child(Chunk(0, 0, 10), ended=True, succeeded=True, ended_at=T0)
    assert not goes(ended(chunk, report=False))
    assert goes(ended(chunk, report=False, remembered={chunk.uid}))
    old = make_child(Chunk(0, 0, 10), ended=True, ended_at=LATE - timedelta(hours=1))
    assert goes(ended(old, report=False))
