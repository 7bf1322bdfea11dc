"""A Stop and a Reprocess that are there together: the later one counts, and neither is lost."""

from stagework.api.intervention import Intervention
from stagework.api.packed_chunk import Chunk
from stagework.plans.batch.plan import plan
from stagework.plans.batch.snapshot import BatchPlan, Selected, SelectQuestion
from stagework.plans.plan import Answer
from tests.support.builders import after, make_intervention
from tests.support.builders.batches import (
    BATCH_NAME,
    batch_snapshot,
    frozen,
    make_batch,
    make_child,
)

FIRST = Chunk(0, 0, 10, uid="uid-0-0-10-1")


def stop(uid: str) -> Intervention:
    return make_intervention("Stop", uid=uid, target=BATCH_NAME)


def again(uid: str) -> Intervention:
    return make_intervention("Reprocess", uid=uid, target=BATCH_NAME)


def decided(*requests: Intervention, known: str = "") -> BatchPlan:
    """`known`: uid of the Reprocess of which it is known that it is about three items."""
    question = SelectQuestion(1, known, states=("Failed",))
    answers = {question: Selected(3)} if known else {}
    status = frozen(100, FIRST, done=20, failed=3)
    child = make_child(FIRST)
    snapshot = batch_snapshot(
        make_batch(status), child, interventions=tuple(requests), answers=answers
    )
    return plan(snapshot, after(60))


def answers(plan_: BatchPlan) -> dict[str, str]:
    """Uid to `Done`, or the reason for which it was refused."""
    return {
        action.intervention.uid: action.status.refused[0].reason
        if action.status.refused
        else action.status.summary
        for action in plan_.afterwards
        if isinstance(action, Answer)
    }


def test_a_reprocess_behind_a_stop_waits_for_its_end_and_is_not_asked_about_before() -> None:
    made = decided(stop("iv-1"), again("iv-2"), known="iv-2")
    assert answers(made) == {"iv-1": "Done"}
    assert made.status is not None
    assert (made.status.stopping, made.status.waitingRounds) == (True, [])
    assert not [q for q in decided(stop("iv-1"), again("iv-2")).questions if _selects(q)]


def test_a_stop_behind_a_reprocess_counts() -> None:
    made = decided(again("iv-1"), stop("iv-2"), known="iv-1")
    assert answers(made) == {"iv-1": "Done", "iv-2": "Done"}
    assert made.status is not None
    assert (made.status.stopping, made.status.waitingRounds) == (True, [])


def test_and_waits_for_no_answer_about_that() -> None:
    made = decided(again("iv-1"), stop("iv-2"))
    assert answers(made) == {"iv-1": "StopFollows", "iv-2": "Done"}


def test_of_two_reprocesses_one_is_judged_at_a_time() -> None:
    made = decided(again("iv-1"), again("iv-2"), known="iv-1")
    assert answers(made) == {"iv-1": "Done"}
    assert made.status is not None
    assert made.status.waitingRounds == ["1:3"]


def test_a_stop_of_another_batch_of_that_name_holds_nothing_up() -> None:
    stranger = make_intervention("Stop", uid="iv-1", target=BATCH_NAME, target_uid="gone")
    assert answers(decided(stranger, again("iv-2"), known="iv-2"))["iv-2"] == "Done"


def _selects(question: object) -> bool:
    return isinstance(question, SelectQuestion)
