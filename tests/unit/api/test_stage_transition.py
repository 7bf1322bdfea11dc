"""What has happened to a stage is asked of its two statuses, in one place for all who tell it."""

import pytest

from stagework.api.stage_status import StageStatus, Stopping
from stagework.api.stage_transition import StageTransition, stage_transitions
from tests.support.builders import make_status

OVERDUE = Stopping(reason="TimedOut")

CASES: dict[str, tuple[StageStatus | None, StageStatus, set[str]]] = {
    "nothing": (make_status(), make_status(), set()),
    "another cause of waiting": (make_status(), make_status(reason="NoFreeSlot"), set()),
    "a first word of what waits": (None, make_status(), set()),
    "a first word of what runs": (
        None,
        make_status(state="Running"),
        {"state_changed", "started"},
    ),
    "a first word of a later attempt": (None, make_status(attempt=2), {"attempt_changed"}),
    "its turn": (make_status(), make_status(state="Starting"), {"state_changed"}),
    "its container runs": (
        make_status(state="Starting"),
        make_status(state="Running"),
        {"state_changed", "started"},
    ),
    "its container runs on": (
        make_status(state="Running"),
        make_status(state="Running", node="gpu-0"),
        set(),
    ),
    "its end": (
        make_status(state="Running"),
        make_status(state="Failed"),
        {"state_changed", "ended"},
    ),
    "an end that is told better": (
        make_status(state="Failed"),
        make_status(state="Failed", message="why"),
        set(),
    ),
    "another attempt in the same state": (
        make_status(state="Running"),
        make_status(state="Running", attempt=2),
        {"attempt_changed"},
    ),
    "a verdict": (
        make_status(state="Running"),
        make_status(state="Running", stopping=OVERDUE),
        {"verdict_changed"},
    ),
    "a verdict that was carried out": (
        make_status(state="Running", stopping=OVERDUE),
        make_status(state="Waiting", attempt=2),
        {"state_changed", "attempt_changed", "verdict_changed"},
    ),
}
QUESTIONS = ("state_changed", "attempt_changed", "verdict_changed", "started", "ended")


@pytest.mark.parametrize(("before", "after", "answers"), CASES.values(), ids=CASES)
def test_a_change_is(before: StageStatus | None, after: StageStatus, answers: set[str]) -> None:
    change = StageTransition(before, after)

    assert {question for question in QUESTIONS if getattr(change, question)} == answers


def test_stages_come_in_the_new_order_without_those_that_nobody_has_touched() -> None:
    first, second, untouched = make_status("a"), make_status("b"), make_status("c")
    now = [second.evolve(attempt=2), untouched, first.evolve(reason="NoFreeSlot")]

    told = [(s.before, s.after) for s in stage_transitions([first, second, untouched], now)]

    assert told == [(second, now[0]), (first, now[2])]
