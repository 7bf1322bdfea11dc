"""What earlier batches tell the next one: how large its chunks are, and when it ends."""

from typing import Any

from stagework.api.estimates import Eta
from stagework.api.packed_chunk import Chunk
from stagework.plans.batch.plan import plan
from stagework.plans.batch.snapshot import (
    BatchPlan,
    EtaAnswer,
    EtaQuestion,
    FoldQuestion,
    HistoryQuestion,
    Priors,
    Unavailable,
)
from stagework.policies.chunks.fit import History
from tests.support.builders import T0, after
from tests.support.builders.batches import batch_snapshot, frozen, make_batch, make_child

ASKED = HistoryQuestion("ad-image", "0")
SIZING = {"chunking": {"targetSeconds": 20}}
KNOWN = Priors({"gpu": History(0.0, 1.0)})
AWAY = Unavailable("the API service does not answer", T0)
FIRST = Chunk(0, 0, 250, uid="uid-0-0-250-1")


def begun(answers: dict[Any, Any], now: Any = T0, **spec: Any) -> BatchPlan:
    status = frozen(1000, startTime=T0)
    return plan(batch_snapshot(make_batch(status, **(spec or SIZING)), answers=answers), now)


def sizes(decided: BatchPlan) -> list[str]:
    return decided.status.open if decided.status is not None else []


def test_the_first_chunk_waits_for_what_they_tell_and_not_longer_than_a_moment() -> None:
    first = begun({})
    assert ASKED in first.questions
    assert (sizes(first), first.wake_at) == ([], after(10))
    assert sizes(begun({ASKED: KNOWN})) == ["r0:0+20/1", "r0:20+20/1"]
    assert sizes(begun({}, after(10))) == ["r0:0+25/1", "r0:25+25/1"]


def test_nothing_waits_while_nobody_can_say() -> None:
    decided = begun({ASKED: AWAY})
    assert sizes(decided) == ["r0:0+25/1", "r0:25+25/1"]
    assert decided.status is not None
    assert decided.status.summary == "Running"


def test_chunks_of_a_fixed_size_wait_for_nothing() -> None:
    assert sizes(begun({}, chunkSize=10)) == ["r0:0+10/1", "r0:10+10/1"]


def estimated(status: Any, priors: Priors = KNOWN, **spec: Any) -> BatchPlan:
    child = make_child(FIRST, began=T0, machine="gpu")
    answers: dict[Any, Any] = {ASKED: priors}
    snapshot = batch_snapshot(make_batch(status, **spec), child, answers=answers)
    (question,) = (q for q in plan(snapshot, after(60)).questions if isinstance(q, EtaQuestion))
    answers[question] = EtaAnswer(question.mark, Eta(100.0, 130.0))
    return plan(snapshot, after(60))


STATUS = frozen(1000, FIRST, done=250, nextPosition=500)


def test_what_is_said_is_corrected_by_twenty_like_ones_and_kept_as_it_was_played() -> None:
    plain = estimated(STATUS).status
    assert plain is not None
    assert plain.eta == "100s..2m10s"
    assert plain.estimates == [f"25 100.0 100 130 {int(after(60).timestamp())}"]
    slower = estimated(STATUS, Priors(KNOWN.by_machine, {25: [3.0] * 20})).status
    assert slower is not None
    assert slower.etaSeconds is not None
    assert (slower.etaSeconds.p50, slower.etaSeconds.p90) == (300, 300)
    assert slower.estimates[0].startswith("25 100.0 300 300 ")


def test_at_each_mark_what_was_said_first_is_kept() -> None:
    known = STATUS.evolve(estimates=["10 90.0 90 95 1", "25 77.0 77 80 2"])
    status = estimated(known).status
    assert status is not None
    assert status.estimates == known.estimates


def test_of_a_batch_that_is_run_again_in_part_nothing_is_kept() -> None:
    again = STATUS.evolve(estimates=["10 90.0 90 95 1"], waitingRounds=["1:3"])
    status = estimated(again).status
    assert status is not None
    assert status.estimates == []


def test_what_a_chunk_has_cost_is_told_with_its_pipeline_and_class() -> None:
    child = make_child(FIRST, ended=True, succeeded=True, machine="gpu")
    batch = make_batch(STATUS.evolve(pipelineGeneration=7))
    decided = plan(batch_snapshot(batch, child), after(60))
    (question,) = (q for q in decided.questions if isinstance(q, FoldQuestion))
    assert (question.like, question.machine) == (("ad-image", "7"), "gpu")
