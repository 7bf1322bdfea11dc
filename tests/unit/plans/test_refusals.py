"""How long a refusal of the API server is believed."""

from stagework.plans.plan import Purpose, Refusal
from stagework.plans.refusals import (
    FINAL_SECONDS,
    PASSING_SECONDS,
    RECONCILE_SECONDS,
    Refusals,
    believed_seconds,
)

STAGE = Purpose("img_gen", 1)
QUOTA = Refusal("OverQuota", "exceeded quota: jobs")


def test_a_quota_is_asked_again_soon_and_what_can_never_work_much_later() -> None:
    assert believed_seconds(QUOTA) == PASSING_SECONDS
    assert believed_seconds(Refusal("Invalid", "no such field")) == FINAL_SECONDS
    assert believed_seconds(Refusal("NameTaken", "somebody else's")) == FINAL_SECONDS


def test_the_object_is_reconciled_when_a_passing_refusal_is_believed_no_more() -> None:
    refusals = Refusals()
    refusals.note(STAGE, QUOTA, now_seconds=5)

    assert refusals.believed(5 + PASSING_SECONDS - 0.001) == {STAGE: QUOTA}
    assert refusals.believed(5 + RECONCILE_SECONDS) == {}


def test_the_last_word_counts_for_each_purpose_by_itself() -> None:
    refusals = Refusals()
    other, final = Purpose("img_gen", 2), Refusal("Invalid", "no such field")
    refusals.note(STAGE, QUOTA, now_seconds=0)
    refusals.note(other, QUOTA, now_seconds=0)
    refusals.note(STAGE, final, now_seconds=1)

    assert refusals.believed(PASSING_SECONDS) == {STAGE: final}
