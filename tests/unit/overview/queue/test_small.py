"""The board stays under 50 kB, whatever people call things and however many there are."""

import json
from dataclasses import replace

import pytest

from stagework.api.background_jobs import BackgroundJob
from stagework.api.machines import MachineClass
from stagework.overview.queue.board import Board
from stagework.overview.queue.document import document, size
from stagework.overview.queue.places import Places
from stagework.overview.queue.small import MOST_BYTES, shortened_board
from stagework.overview.queue.work import Work, WorkState
from tests.support.builders.fleet import make_fleet
from tests.support.builders.queue import NOW, ago, board_of, work

PROMISED = 50_000
LONGEST_TITLE = "여름 신발 " * 22
"""128 letters, three bytes most of them."""
STATES: tuple[WorkState, ...] = ("stuck", "failed", "processing", "processing", "pending")
LONGEST_NAME = "n" * 253


def worst(classes: int, stages: int) -> Board:
    """Everything as long as its type lets it be, and more of it than is ever shown."""
    keys = [f"class-{number:02}-{'x' * 20}" for number in range(classes)]
    fleet = make_fleet(*(_machine(key) for key in keys))
    rows = list[Work]()
    for number in range(stages):
        stage = f"s{number:03}_{'y' * 35}"
        key = keys[number % classes]
        for state in STATES:
            row = work(
                stage,
                state,
                run=f"{len(rows):03}{LONGEST_NAME}"[:253],
                machine=key,
                started=5,
                ended=1 if state == "failed" else None,
                error=f"{'가' * 80} no such image {'나' * 80}",
            )
            rows.append(
                replace(row, title=LONGEST_TITLE, document_id=LONGEST_TITLE, classes=(key,))
            )
    jobs = [_job(number) for number in range(40)]
    return board_of(*rows, places=Places(fleet, {}), background=jobs)


def _machine(key: str) -> MachineClass:
    return MachineClass(key=key, label="D" * 64, nodeSelector={"m": key})


def _job(number: int) -> BackgroundJob:
    return BackgroundJob(
        namespace="n" * 63,
        id=f"{number:02}{'i' * 126}",
        kind="k" * 63,
        label="라" * 170,
        state="running",
        processed=1,
        total=2,
        started=ago(9),
        heartbeat=NOW,
        ended=None,
        error="마" * 170,
        machine="",
    )


@pytest.mark.parametrize(("classes", "stages"), [(3, 64), (8, 64), (24, 200), (24, 600)])
def test_it_is_small_with_the_longest_texts_and_the_most_machines(
    classes: int, stages: int
) -> None:
    whole = worst(classes, stages)
    assert size(whole) > PROMISED
    shown = shortened_board(whole)
    sent = json.dumps(document(shown), ensure_ascii=False, separators=(",", ":")).encode()
    assert len(sent) < PROMISED
    assert shown.shortened


def test_numbers_names_and_ids_are_never_cut() -> None:
    whole = worst(8, 64)
    shown = shortened_board(whole)
    assert (shown.totals, shown.headline, shown.trend_24h) == (
        whole.totals,
        whole.headline,
        whole.trend_24h,
    )
    before = {row.id: (row.run, row.stage, row.namespace) for row in whole.attention}
    assert all(before[row.id] == (row.run, row.stage, row.namespace) for row in shown.attention)
    assert [(c.key, c.pending, c.slots_used) for c in shown.machines] == [
        (c.key, c.pending, c.slots_used) for c in whole.machines
    ]


def test_a_cause_keeps_its_beginning_and_its_end() -> None:
    row = shortened_board(worst(8, 64)).attention[0]
    assert row.cause.startswith("가")
    assert row.cause.endswith("나")


def test_of_stages_those_that_say_something_stay() -> None:
    whole = worst(24, 600)
    quiet = replace(
        whole,
        stages=tuple(
            replace(row, pending=0, processing=0, failed=0, done_1h=0, created_1h=0)
            if place < 595
            else row
            for place, row in enumerate(whole.stages)
        ),
    )
    kept = [row.stage for row in shortened_board(quiet).stages]
    assert set(kept) >= {row.stage for row in whole.stages[595:]}
    assert kept == [row.stage for row in whole.stages if row.stage in kept]


def test_one_that_is_small_is_shown_as_it_is() -> None:
    plain = board_of(work("extract", "stuck", error="x" * 500))
    assert size(plain) <= MOST_BYTES
    assert shortened_board(plain) is plain
    assert not plain.shortened
