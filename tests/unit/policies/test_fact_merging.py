"""Of two facts about one row the right one counts, field by field."""

from typing import Any

import pytest

from stagework.api.facts import AnyFact, AttemptFact, RunFact
from stagework.policies.fact_merging import merged
from tests.support.history.facts import attempt_fact, intervention_fact, minute, run_fact

EARLY, LATE = minute(1), minute(2)

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "the newer machine": ({"machine": "gpu"}, {"machine": "macmini"}, {"machine": "macmini"}),
    "what the newer one does not know": (
        {"machine": "gpu", "started": EARLY, "maxAttempts": 3, "exitCode": 0},
        {},
        {"machine": "gpu", "started": EARLY, "maxAttempts": 3, "exitCode": 0},
    ),
    "an exit code of 0 is known": ({"exitCode": 1}, {"exitCode": 0}, {"exitCode": 0}),
    "an end that is taken back": (
        {"ended": EARLY, "outcome": "Failed"},
        {},
        {"ended": None, "outcome": ""},
    ),
    "another end": (
        {"ended": EARLY, "outcome": "Failed"},
        {"ended": LATE, "outcome": "Skipped"},
        {"ended": LATE, "outcome": "Skipped"},
    ),
    "that another attempt has followed": ({"followed": True}, {}, {"followed": True}),
    "that another one follows now": ({}, {"followed": True}, {"followed": True}),
    "when it was last heard of": ({}, {}, {"at": LATE}),
}


@pytest.mark.parametrize("what", CASES)
def test_the_newer_fact_joins_the_older(what: str) -> None:
    older, newer, expected = CASES[what]
    joined = merged(attempt_fact(at=EARLY, **older), attempt_fact(at=LATE, **newer))
    assert {name: getattr(joined, name) for name in expected} == expected


@pytest.mark.parametrize("what", CASES)
def test_and_the_older_one_comes_late(what: str) -> None:
    older, newer, expected = CASES[what]
    if what == "an end that is taken back":
        expected = {"ended": EARLY, "outcome": "Failed"}  # for a clock may be behind
    joined = merged(attempt_fact(at=LATE, **newer), attempt_fact(at=EARLY, **older))
    assert {name: getattr(joined, name) for name in expected} == expected


def test_an_older_end_changes_no_end_that_is_known() -> None:
    known = attempt_fact(at=LATE, ended=LATE, outcome="Skipped")
    joined = merged(known, attempt_fact(at=EARLY, ended=EARLY, outcome="Failed"))
    assert (joined.ended, joined.outcome, joined.at) == (LATE, "Skipped", LATE)


def test_of_two_at_the_same_moment_the_one_that_comes_counts() -> None:
    joined = merged(attempt_fact(at=EARLY, machine="gpu"), attempt_fact(at=EARLY, machine="mac"))
    assert joined.machine == "mac"


@pytest.mark.parametrize("moments", [(EARLY, LATE), (LATE, EARLY)])
def test_when_it_was_queued_is_as_it_was_first_heard(moments: tuple[Any, Any]) -> None:
    first, second = moments
    joined = merged(attempt_fact(at=first, queued=LATE), attempt_fact(at=second, queued=EARLY))
    assert joined.queued == LATE
    unknown = merged(attempt_fact(at=first), attempt_fact(at=second, queued=EARLY))
    assert unknown.queued == EARLY


ENDED: dict[str, Any] = {"ended": EARLY, "state": "Failed"}
WHOLE: dict[str, tuple[AnyFact, AnyFact, int]] = {
    "a newer run": (run_fact(at=EARLY, **ENDED), run_fact(at=LATE), 1),
    "an older run": (run_fact(at=LATE, title="x"), run_fact(at=EARLY), 0),
    "an older end of a run": (run_fact(at=LATE), run_fact(at=EARLY, **ENDED), 1),
    "an older end of an ended run": (
        run_fact(at=LATE, ended=LATE),
        run_fact(at=EARLY, **ENDED),
        0,
    ),
    "a newer answer": (intervention_fact(at=EARLY), intervention_fact(at=LATE, affected=2), 1),
    "an older answer": (intervention_fact(at=LATE), intervention_fact(at=EARLY, affected=2), 0),
}


@pytest.mark.parametrize("what", WHOLE)
def test_a_fact_about_a_run_or_an_intervention_is_whole(what: str) -> None:
    known, come, which = WHOLE[what]
    assert merged(known, come) is (known, come)[which]


def test_what_is_joined_is_of_its_kind() -> None:
    assert isinstance(merged(attempt_fact(), attempt_fact()), AttemptFact)
    assert isinstance(merged(run_fact(), run_fact()), RunFact)
