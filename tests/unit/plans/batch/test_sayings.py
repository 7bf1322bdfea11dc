"""Whatever a batch waits for, it says so, and what to type."""

from dataclasses import replace
from typing import Any

from stagework.api import names
from stagework.api.batch import BatchStatus
from stagework.api.packed_chunk import Chunk
from stagework.children.chunk_run import Item
from stagework.plans.batch.plan import plan
from stagework.plans.batch.snapshot import (
    BatchSnapshot,
    FoldQuestion,
    GivenItems,
    ItemsQuestion,
    Unavailable,
)
from stagework.plans.plan import Refusal, creation
from tests.support.builders import T0, after
from tests.support.builders.batches import batch_snapshot, frozen, make_batch, make_child

FIRST = Chunk(0, 0, 10, uid="uid-0-0-10-1")
SECOND = Chunk(0, 10, 10, uid="uid-0-10-10-1")
NOW = after(20)
AWAY = Unavailable("the API service does not answer", NOW)


def said(snapshot: BatchSnapshot, now: Any = NOW) -> BatchStatus:
    status = plan(snapshot, now).status
    return status if status is not None else snapshot.batch.status


def test_items_of_their_own_that_cannot_be_had_are_waited_for_aloud() -> None:
    answers = {ItemsQuestion(0, 0, 64): AWAY}
    status = said(batch_snapshot(make_batch(frozen(100), chunkSize=1), answers=answers))
    assert (status.summary, status.message) == (names.ARTIFACTS_UNAVAILABLE, AWAY.message)


def test_an_item_that_the_service_does_not_have_is_said() -> None:
    items = GivenItems((Item(0, "i0", "s3://b/0", {}),))
    snapshot = batch_snapshot(
        make_batch(frozen(100), chunkSize=1), answers={ItemsQuestion(0, 0, 64): items}
    )
    status = said(snapshot)
    assert status.summary == names.ARTIFACTS_UNAVAILABLE
    assert status.message == "the API service has no item at position 1 of round 0"


def test_pods_that_outlive_their_deleted_run_are_named() -> None:
    batch = make_batch(frozen(100, FIRST, SECOND))
    pods = "kubectl get pods -l 'stagework.dev/run-uid in (uid-0-0-10-1"
    both = said(batch_snapshot(batch, outliving={FIRST.uid, SECOND.uid}))
    assert both.summary == names.PODS_OUTLIVE_RUN
    assert f"2 chunks wait for Pods of a deleted run to end: {pods}," in both.message
    one = said(batch_snapshot(batch, make_child(SECOND), outliving={FIRST.uid}))
    assert one.summary == names.RUNNING
    assert f"1 chunk waits for Pods of a deleted run to end: {pods})'" in one.message


def test_a_stop_that_cannot_count_what_has_ended_says_why() -> None:
    batch = make_batch(frozen(100, FIRST, stopping=True, stopped="kim"))
    snapshot = batch_snapshot(batch, make_child(FIRST, ended=True, succeeded=True))
    (question,) = (q for q in plan(snapshot, NOW).questions if isinstance(q, FoldQuestion))
    status = said(replace(snapshot, answers={question: AWAY}))
    assert status.summary == names.ARTIFACTS_UNAVAILABLE
    assert status.message == f"it is being stopped, and what has ended waits: {AWAY.message}"


def test_a_run_that_is_refused_is_said_also_while_others_go_on() -> None:
    batch = make_batch(frozen(100, FIRST, replace(SECOND, uid="")))
    refusals = {creation(SECOND.name, 1): Refusal("OverQuota", "exceeded quota: few")}
    status = said(batch_snapshot(batch, make_child(FIRST, began=T0), refusals=refusals))
    assert status.summary == names.RUNNING
    assert status.message.endswith("; a run more is refused: exceeded quota: few")
    alone = said(
        batch_snapshot(
            make_batch(frozen(10, replace(FIRST, uid=""))),
            refusals={creation(FIRST.name, 1): Refusal("OverQuota", "exceeded quota: few")},
        )
    )
    assert (alone.summary, alone.message) == (names.RUN_REFUSED, "exceeded quota: few")


def test_runs_that_wait_for_their_turn_are_said_after_a_while() -> None:
    waiting = batch_snapshot(make_batch(frozen(10, FIRST)), make_child(FIRST))
    assert "none of its runs has begun" not in said(waiting).message
    assert plan(waiting, NOW).wake_at == after(30)
    name = make_child(FIRST).name
    text = f"none of its runs has begun: `stagework status {name} -n ads` says why"
    assert text in said(waiting, after(30)).message
    begun = batch_snapshot(make_batch(frozen(10, FIRST)), make_child(FIRST, began=after(5)))
    assert "none of its runs" not in said(begun, after(30)).message
