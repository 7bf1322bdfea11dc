"""Requests of people, for any kind: here one whose only state is a number and whose verb adds."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from stagework.api.answered import Answered
from stagework.api.intervention import (
    Intervention,
    InterventionSpec,
    InterventionStatus,
    RefusedStage,
)
from stagework.api.judgement import Judgement
from stagework.plans.interventions import (
    KEPT,
    NoDecision,
    Requests,
    refuse_all,
    refuse_without_decision,
)
from stagework.plans.plan import Answer, PlanBuilder
from tests.support.builders import T0, make_intervention


@dataclass(frozen=True)
class Adding:
    """`Retry` of x, y, z adds three; a stage called `no` is refused, as all are at a hundred."""

    words: Sequence[str] = ("Retry",)

    def judge(self, spec: InterventionSpec, state: int) -> Judgement:
        wanted = [name for name in spec.stages if name != "no" and state < 100]
        refused = tuple(
            RefusedStage(stage=s, reason="Never") for s in spec.stages if s not in wanted
        )
        return Judgement(tuple(wanted), refused)

    def apply(self, request: Intervention, judgement: Judgement, state: int) -> int:
        assert request.spec.stages, "nothing is applied that was not asked for"
        return state + len(judgement.affected)


@dataclass
class Outcome:
    state: int
    notes: list[Answered]
    plan: PlanBuilder

    @property
    def answers(self) -> list[tuple[str, list[str]]]:
        given = [a for a in self.plan.afterwards if isinstance(a, Answer)]
        return [(a.status.summary, [r.reason for r in a.status.refused]) for a in given]


def _apply(*requests: Intervention, notes: Sequence[Answered] = ()) -> Outcome:
    builder = PlanBuilder()
    of_this_object = Requests(requests, "uid-1", Adding())
    state, noted = of_this_object.apply(0, list(notes), builder, T0)
    return Outcome(state, noted, builder)


def test_without_requests_nothing_is_done() -> None:
    outcome = _apply()

    assert (outcome.state, outcome.notes, outcome.plan) == (0, [], PlanBuilder())


def test_each_request_is_carried_out_upon_what_the_one_before_has_left() -> None:
    outcome = _apply(
        make_intervention("Retry", "x", "no", uid="1"), make_intervention("Retry", "y", uid="2")
    )

    assert outcome.state == 2
    assert [(note.uid, note.affected) for note in outcome.notes] == [("1", 1), ("2", 1)]
    assert outcome.answers == [("PartlyDone", ["Never"]), ("Done", [])]
    assert [event.message for event in outcome.plan.events] == [
        "Retry of x, asked by ops@example.org",
        "Retry of y, asked by ops@example.org",
    ]


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (make_intervention("Skip", "x"), "UnknownVerb"),
        (make_intervention("Retry", "x", target_uid="another"), "TargetReplaced"),
        (make_intervention("Skip", "x", target_uid="another"), "TargetReplaced"),
    ],
    ids=["a verb that the kind does not take", "another object of the name", "both"],
)
def test_some_requests_are_refused_whatever_they_ask_for(
    request_: Intervention, reason: str
) -> None:
    outcome = _apply(request_)

    assert (outcome.state, outcome.notes, outcome.plan.events) == (0, [], [])
    assert outcome.answers == [("Refused", [reason])]


def test_what_was_noted_is_answered_and_not_done_again() -> None:
    noted = Answered(uid="iv-1", affected=1, refused="no=Never")

    outcome = _apply(make_intervention("Retry", "x", "no"), notes=[noted])

    assert (outcome.state, outcome.notes) == (0, [noted])
    assert outcome.answers == [("PartlyDone", ["Never"])]


def test_of_very_many_requests_some_wait_for_the_next_reconcile() -> None:
    requests = [make_intervention("Retry", "x", uid=str(number)) for number in range(KEPT + 1)]

    outcome = _apply(*requests)

    assert outcome.state == KEPT
    assert outcome.plan.wake_at == T0


def test_an_object_that_is_gone_owns_no_answer() -> None:
    (answer,) = refuse_all([make_intervention(owned=True)], "TargetNotFound", T0)

    assert not answer.adopt


def test_where_nothing_can_be_decided_what_was_done_is_answered_and_the_rest_refused() -> None:
    requests = (
        make_intervention("Retry", "x", uid="done"),
        make_intervention("Retry", "x", uid="fresh"),
        make_intervention("Retry", "x", uid="late", target_uid="another"),
    )
    noted = Answered(uid="done", affected=1)
    why = NoDecision("CannotBePlanned", "OverflowError: too large")

    answers = refuse_without_decision(requests, [noted], "uid-1", why, T0)

    assert [(a.status.summary, [r.reason for r in a.status.refused]) for a in answers] == [
        ("Done", []),
        ("Refused", ["CannotBePlanned"]),
        ("Refused", ["TargetReplaced"]),
    ]
    assert [a.status.message for a in answers] == [
        "",
        "OverflowError: too large; see the operator's log for the fault, then ask again",
        "",
    ]


def test_what_was_answered_is_not_answered_again_where_nothing_can_be_decided() -> None:
    answered = make_intervention("Retry", "x", status=InterventionStatus(answered=T0))

    assert (
        refuse_without_decision([answered], [], "uid-1", NoDecision("InvalidSpec", "x"), T0) == ()
    )
