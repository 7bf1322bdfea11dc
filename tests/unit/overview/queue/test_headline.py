"""What is said first of a queue: twelve codes, in the order in which they lead."""

from datetime import UTC, datetime
from typing import Any

import pytest

from stagework.cli.text.headlines import middle_cut, sentence
from stagework.overview.queue.board import Board
from stagework.overview.queue.headline import Code, Headline, Note
from stagework.overview.queue.machines import MachineState, machine_states
from stagework.overview.queue.work import Work
from tests.support.builders.fleet import make_node
from tests.support.builders.queue import NOW, ago, board_of, old_fleet, work, works

NIGHT = datetime(2026, 11, 3, 18, 0, tzinfo=UTC)
"""03:00 in Seoul."""
STUCK = work("embed", "stuck", turn_at=ago(15), error="ImagePullBackOff: no such image")
FAILED = works(2, "stt", "failed", ended=5, error="NonZeroExit: font was missing")
AWAY = works(12, "deep_summary", "deferred")
DONE = works(40, "extract", "done", machine="gpu", ended=4, created=90)
BEHIND = [
    *works(30, "summarize", created=20),
    *works(10, "summarize", "done", machine="macmini", ended=2, created=90),
]
RUNNING = work("extract", "processing", started=2)
NODES = machine_states(old_fleet(), [make_node()])
NO_NODES = {"gpu": MachineState(0, 0, 0, None)}

CASES: dict[str, tuple[Code, list[Work], dict[str, Any]]] = {
    "well": ("well", DONE, {}),
    "working": ("working", [*DONE, RUNNING], {}),
    "waiting": ("working", works(2), {}),
    "away": ("away", AWAY, {}),
    "night": ("night", works(12, "deep_summary", "deferred", now=NIGHT), {"now": NIGHT}),
    "working-at-night": ("working", [work(now=NIGHT)], {"now": NIGHT}),
    "stuck": ("stuck", [STUCK, *FAILED, RUNNING], {}),
    "failing": ("failing", [*FAILED, RUNNING, *DONE[:10]], {}),
    "few-of-many": ("working", [*FAILED, RUNNING, *DONE], {}),
    "behind": ("behind", BEHIND, {}),
    "store-away": ("history_away", [RUNNING], {"history_away_since": ago(6)}),
    "no-rights": ("no_rights", [STUCK], {"forbidden": "pipelinejobs in daily"}),
    "not-installed": ("not_installed", [STUCK], {"machines": NO_NODES}),
    "installed": ("stuck", [STUCK], {"machines": NODES}),
    "idle": ("idle", [], {}),
    "needs-you": ("failing", [*works(2, "stt", "failed", ended=300), *DONE], {}),
}


def shown(case: str) -> Board:
    _, rows, more = CASES[case]
    return board_of(*rows, **more)


@pytest.mark.parametrize("case", CASES)
def test_what_holds_first_leads(case: str) -> None:
    assert shown(case).headline.code == CASES[case][0]


@pytest.mark.parametrize("case", CASES)
def test_every_sentence_has_at_most_120_letters(case: str) -> None:
    assert len(sentence(shown(case).headline, UTC)) <= 120


def test_three_failures_in_a_row_lead_also_among_many_that_went_well() -> None:
    rows = works(3, "stt", "failed", ended=5, error="no font")
    assert board_of(*rows, *DONE, RUNNING).headline.code == "failing"


def test_failures_of_another_hour_are_a_note_while_something_runs() -> None:
    headline = board_of(*works(2, "stt", "failed", ended=300), RUNNING).headline

    assert headline.code == "working"
    assert [note.code for note in headline.notes] == ["failing"]


SENTENCES = {
    "well": "All well: nothing waits; 40 done today, the last 4m ago.",
    "waiting": "Working: 0 running, 2 waiting.",
    "away": "Waiting for a machine: MacBook 12 deferred.",
    "night": "Quiet night: nothing runs, 12 wait for MacBook.",
    "stuck": (
        'Stuck: "Title of r-1" cannot start embed for 15m: ImagePullBackOff: no such image; '
        "2 failed at stt."
    ),
    "failing": "Failing: 2 failed in the last hour, 2 at stt: NonZeroExit: font was missing.",
    "behind": "Falling behind: summarize gets 30 an hour and does 10; no end in sight.",
    "store-away": "History away: for 6m; work goes on, today's counts are unknown.",
    "no-rights": "No rights: you may not list pipelinejobs in daily; 1 stuck at embed.",
    "not-installed": "Nothing can run yet: no node has a machine label; 1 stuck at embed.",
    "idle": "Nothing queued: nothing has been done yet.",
    "needs-you": "Needs you: 2 failed, 2 at stt: .",
}


@pytest.mark.parametrize("case", SENTENCES)
def test_a_code_is_said_as_one_sentence(case: str) -> None:
    assert sentence(shown(case).headline, UTC) == SENTENCES[case]


def test_a_machine_that_is_away_says_since_when_and_who_comes_instead() -> None:
    states = machine_states(
        old_fleet(),
        [make_node(), make_node("b", "macbook", ready=False, transition="2026-11-03T00:10:00Z")],
    )
    waits = work("deep_summary", "deferred", fallback_at=ago(-10))
    headline = board_of(waits, machines=states).headline

    assert sentence(headline, UTC) == (
        "Waiting for a machine: MacBook away since 00:10, 1 deferred; the next class from 05:40."
    )


def test_a_picture_that_is_not_live_says_of_when_it_is() -> None:
    stale = Headline(
        "not_live", {"since": NOW.isoformat()}, (Note("failing", {"failed": 1, "stage": "a"}),)
    )
    assert sentence(stale, UTC) == "Not live: this is the picture of 05:30; 1 failed at a."


def test_a_long_title_is_cut_in_its_middle() -> None:
    assert middle_cut("Summer shoes for everybody, second edition") == "Summer shoes…ond edition"
    assert len(middle_cut("x" * 99)) == 24
