"""What is to be done about a batch at one moment."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from stagework.api import names
from stagework.api.batch import FrozenManifest
from stagework.api.packed_chunk import Chunk, pack, unpack
from stagework.children.chunk_run import chunk_run_name
from stagework.plans.batch.plan import plan
from stagework.plans.batch.snapshot import (
    Folded,
    FoldQuestion,
    FreezeQuestion,
    Freezing,
    ItemsRefused,
    SourceMissing,
    Unavailable,
)
from stagework.plans.made import Child, Made
from stagework.plans.plan import Create, Delete, Purpose
from tests.support.builders import T0, after, make_pipeline
from tests.support.builders.batches import batch_snapshot, frozen, make_batch, make_child

FIRST = Chunk(0, 0, 10, uid="uid-0-0-10-1")
SECOND = Chunk(0, 10, 10, uid="uid-0-10-10-1")
NOW = after(60)


def chunks(lines: list[str]) -> list[Chunk]:
    return [chunk for chunk in map(unpack, lines) if chunk is not None]


def started(**spec: Any) -> Any:
    return batch_snapshot(
        make_batch(frozen(100, FIRST, SECOND), **spec), make_child(FIRST), make_child(SECOND)
    )


def made(decided: Any) -> list[str]:
    return [action.name for action in decided.afterwards if isinstance(action, Create)]


def removed(decided: Any) -> list[str]:
    return [action.target.uid for action in decided.afterwards if isinstance(action, Delete)]


class TestFreezing:
    @pytest.mark.parametrize(
        ("answer", "summary", "ended"),
        [
            (None, "Freezing", False),
            (Freezing(7, T0), "Freezing", False),
            (Unavailable("away", T0), "ArtifactsUnavailable", False),
            (SourceMissing("no ConfigMap", T0), "SourceNotReady", False),
            (ItemsRefused("TooManyItems", "1,000,001"), "InvalidItems", True),
            (FrozenManifest(total=0), "InvalidItems", True),
        ],
    )
    def test_until_then_it_says_why(self, answer: Any, summary: str, ended: bool) -> None:
        answers = {} if answer is None else {FreezeQuestion(): answer}
        decided = plan(batch_snapshot(make_batch(), answers=answers), T0)
        assert decided.status is not None
        assert (decided.status.summary, decided.status.ended) == (summary, ended)
        assert not decided.afterwards

    def test_it_is_asked_again_after_a_pause_and_not_before(self) -> None:
        snapshot = batch_snapshot(make_batch(), answers={FreezeQuestion(): Unavailable("away", T0)})
        early, late = plan(snapshot, after(1)), plan(snapshot, after(6))
        assert (early.questions, early.wake_at) == ((), after(5))
        assert late.questions == (FreezeQuestion(),)

    def test_once_frozen_chunks_are_begun(self) -> None:
        answers = {FreezeQuestion(): FrozenManifest(total=25)}
        decided = plan(batch_snapshot(make_batch(), answers=answers), T0)
        assert decided.status is not None
        assert decided.status.total == 25
        assert decided.status.open == ["r0:0+10/1", "r0:10+10/1"]


class TestBeginning:
    def test_a_range_is_on_record_before_its_run_is_made(self) -> None:
        decided = plan(batch_snapshot(make_batch(frozen(100))), NOW)
        assert decided.actions == ()
        assert decided.status is not None
        assert decided.status_is_urgent
        assert len(made(decided)) == 2

    def test_the_last_one_is_shorter(self) -> None:
        decided = plan(batch_snapshot(make_batch(frozen(14))), NOW)
        assert decided.status is not None
        assert [chunk.count for chunk in chunks(decided.status.open)] == [10, 4]

    def test_parts_that_wait_go_first(self) -> None:
        part = Chunk(0, 4, 1, origin=(0, 10))
        status = frozen(100, nextPosition=10, pieces=[pack(part)])
        decided = plan(batch_snapshot(make_batch(status)), NOW)
        assert decided.status is not None
        assert decided.status.open[0] == pack(part)
        assert decided.status.pieces == []

    @pytest.mark.parametrize(
        "spec", [{"suspend": True}, {"params": {"nobody": "knows"}}], ids=["suspended", "refused"]
    )
    def test_nothing_is_begun(self, spec: dict[str, Any]) -> None:
        assert not made(plan(batch_snapshot(make_batch(frozen(100), **spec)), NOW))

    def test_nothing_is_begun_without_its_pipeline(self) -> None:
        snapshot = batch_snapshot(make_batch(frozen(100)), pipeline=None)
        decided = plan(snapshot, NOW)
        assert decided.status is not None
        assert decided.status.summary == names.PIPELINE_NOT_FOUND
        assert not made(decided)

    def test_what_is_on_record_and_was_never_made_is_made(self) -> None:
        snapshot = batch_snapshot(make_batch(frozen(20, Chunk(0, 0, 10), Chunk(0, 10, 10))))
        assert len(made(plan(snapshot, NOW))) == 2


class TestCounting:
    ENDED = make_child(FIRST, ended=True, succeeded=True, ended_at=NOW)

    def answered(self, answer: Any) -> Any:
        snapshot = replace(started(), children={c.uid: c for c in (self.ENDED, make_child(SECOND))})
        (question,) = (q for q in plan(snapshot, NOW).questions if isinstance(q, FoldQuestion))
        return replace(snapshot, answers={question: answer}, remembered={FIRST.uid})

    def test_it_is_asked_first_and_nothing_is_changed(self) -> None:
        snapshot = replace(started(), children={c.uid: c for c in (self.ENDED, make_child(SECOND))})
        decided = plan(snapshot, NOW)
        assert decided.status is not None
        assert chunks(decided.status.open) == [FIRST, SECOND]
        assert decided.status.done == 0
        assert not removed(decided)

    def test_it_leaves_the_record_in_the_write_that_counts_it_and_the_next_is_begun(self) -> None:
        decided = plan(self.answered(Folded(9, 1, 0, known=10)), NOW)
        assert decided.status is not None
        assert chunks(decided.status.open) == [SECOND, Chunk(0, 20, 10)]
        assert (decided.status.done, decided.status.failed) == (9, 1)
        assert decided.status_is_urgent
        assert removed(decided) == [FIRST.uid]

    def test_its_run_stays_until_history_has_it_an_hour_at_most(self) -> None:
        snapshot = replace(self.answered(Folded(10, 0, 0, known=10)), remembered=())
        assert not removed(plan(snapshot, NOW))
        assert removed(plan(snapshot, NOW + timedelta(hours=1))) == [FIRST.uid]

    def test_while_the_book_is_away_it_waits_and_begins_nothing(self) -> None:
        decided = plan(self.answered(Unavailable("the volume is away", NOW)), NOW)
        assert decided.status is not None
        assert decided.status.summary == names.ARTIFACTS_UNAVAILABLE
        assert decided.status.message == "the volume is away"
        assert chunks(decided.status.open) == [FIRST, SECOND]
        assert decided.wake_at is not None

    def test_a_run_that_says_it_is_its_own_counts_for_nothing(self) -> None:
        stranger = make_child(Chunk(0, 0, 10), uid="stranger", ended=True, succeeded=True)
        status = frozen(100, Chunk(0, 0, 10))
        decided = plan(batch_snapshot(make_batch(status, parallelism=1), stranger), NOW)
        assert not [q for q in decided.questions if isinstance(q, FoldQuestion)]
        assert len(made(decided)) == 1


class TestWriting:
    def test_a_uid_alone_is_in_no_hurry(self) -> None:
        first = plan(started(), NOW).status
        assert first is not None
        blank = first.evolve(open=[line.partition(" ")[0] for line in first.open])
        snapshot = replace(started(), batch=make_batch(blank))
        meta = snapshot.batch.metadata
        children = {
            chunk_run_name(meta.name, meta.uid, chunk): Child(Purpose(chunk.name, 1), chunk.uid)
            for chunk in (FIRST, SECOND)
        }
        decided = plan(replace(snapshot, made=Made(children)), NOW)
        assert decided.status == first
        assert decided.patient
        assert not decided.status_is_urgent
        assert not made(decided)

    def test_the_same_again_is_not_written(self) -> None:
        status = plan(started(), NOW).status
        assert status is not None
        assert plan(replace(started(), batch=make_batch(status)), after(600)).status is None


def test_a_percent_is_cut_and_never_ahead() -> None:
    status = frozen(100_000, FIRST, SECOND, nextPosition=50_000, done=49_980)
    decided = plan(batch_snapshot(make_batch(status), make_child(FIRST), make_child(SECOND)), NOW)
    assert decided.status is not None
    assert decided.status.percent == "49.9"


def test_a_deleted_one_makes_nothing() -> None:
    batch = make_batch(frozen(100))
    meta = batch.metadata.model_copy(update={"deletionTimestamp": NOW})
    decided = plan(
        batch_snapshot(batch.model_copy(update={"metadata": meta}), pipeline=make_pipeline()), NOW
    )
    assert decided.status is not None
    assert decided.status.summary == names.DELETING
    assert not decided.afterwards
