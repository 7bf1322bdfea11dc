"""How long a refusal of the API server is believed, and until when it is known."""

import pytest

from stagework.plans.plan import ActionKey, Cause, Refusal, creation
from stagework.plans.refusals import (
    FINAL_SECONDS,
    KNOWN_SECONDS,
    OUTDATED_TIMES,
    PAUSES,
    Refusals,
    believed_seconds,
)

STAGE = creation("img_gen", 1)
QUOTA = Refusal("OverQuota", "exceeded quota: jobs")
OUTDATED = Refusal("Outdated", "the object has been modified")


def test_what_can_never_work_is_asked_again_much_later() -> None:
    assert Refusal("Invalid", "").final
    assert believed_seconds(Refusal("Invalid", "")) == FINAL_SECONDS


@pytest.mark.parametrize(
    ("cause", "seconds"),
    [
        ("OverQuota", [10, 10, 10]),
        ("Denied", [5, 10, 20, 40, 60, 60]),
        ("NameTaken", [5, 10, 20, 40, 60, 60]),
        ("Unavailable", [0.5, 1, 2, 4, 8, 16, 30, 30]),
        ("Outdated", [0.05, 0.1, 0.2]),
    ],
)
def test_what_may_pass_is_asked_again_after_a_pause(cause: Cause, seconds: list[float]) -> None:
    refusal = Refusal(cause, "")

    assert not refusal.final
    pauses = [believed_seconds(refusal, times) for times in range(1, len(seconds) + 1)]
    assert pauses == pytest.approx(seconds)
    assert believed_seconds(refusal, 10_000) == PAUSES[cause].longest_seconds


def test_the_server_is_given_the_time_that_it_asks_for() -> None:
    assert believed_seconds(Refusal("Unavailable", "", retry_after_seconds=7)) == 7


def test_it_is_tried_again_when_it_is_believed_no_more() -> None:
    refusals = Refusals()
    noted = refusals.note(STAGE, QUOTA, now_seconds=5)

    assert (noted.seconds, noted.times) == (10, 1)
    assert refusals.pause(STAGE, 14.5) == 0.5
    assert refusals.pause(STAGE, 15) == 0
    assert refusals.pause(creation("img_gen", 2), 5) == 0


def test_it_is_known_until_the_action_is_done() -> None:
    refusals = Refusals()
    refusals.note(STAGE, QUOTA, now_seconds=5)

    assert not refusals.known(14)[STAGE].due
    assert refusals.known(15)[STAGE].due
    assert refusals.done(STAGE)
    assert refusals.known(15) == {}
    assert not refusals.done(STAGE), "it had not been refused"


def test_what_nobody_wants_any_more_is_forgotten() -> None:
    refusals = Refusals()
    refusals.note(STAGE, QUOTA, now_seconds=0)

    assert refusals.known(9.9 + KNOWN_SECONDS)
    assert not refusals.known(10 + KNOWN_SECONDS)


def test_the_pause_grows_with_refusals_in_a_row() -> None:
    refusals = Refusals()
    denied = Refusal("Denied", "no cost center")

    assert [refusals.note(STAGE, denied, now_seconds=0) for _ in range(3)] == [
        (5, 1),
        (10, 2),
        (20, 3),
    ]
    refusals.done(STAGE)
    assert refusals.note(STAGE, denied, now_seconds=0) == (5, 1)


def test_a_race_is_not_told_but_one_without_end_is() -> None:
    refusals = Refusals()
    for _ in range(OUTDATED_TIMES - 1):
        refusals.note(STAGE, OUTDATED, now_seconds=0)
    assert refusals.known(0)[STAGE].race

    refusals.note(STAGE, OUTDATED, now_seconds=0)
    assert not refusals.known(0)[STAGE].race


def test_the_last_word_counts_for_each_action_by_itself() -> None:
    refusals = Refusals()
    other, final = ActionKey("ungate", "p1"), Refusal("Invalid", "no such field")
    refusals.note(STAGE, QUOTA, now_seconds=0)
    refusals.note(other, QUOTA, now_seconds=2)
    refusals.note(STAGE, final, now_seconds=1)

    assert refusals.known(5) == {STAGE: final, other: QUOTA}
    assert refusals.next_due(5) == 7
    assert refusals.next_due(12) is None, "nobody comes back for what can never work"


def test_nothing_is_due_where_nothing_was_refused() -> None:
    assert Refusals().next_due(0) is None
    assert Refusals().known(0) == {}
