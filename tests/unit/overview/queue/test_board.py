"""The rules of the old board, each as a row: same queue, same numbers."""

from dataclasses import fields, is_dataclass, replace
from typing import cast

import pytest

from stagework.overview.queue.board import Board
from stagework.overview.queue.document import document
from stagework.overview.queue.machines import machine_states
from stagework.overview.queue.past import Arrived, Done, Past, joined
from stagework.overview.queue.work import Work
from tests.support.builders.fleet import make_node
from tests.support.builders.queue import (
    NOW,
    STAGE_CLASSES,
    ago,
    board_of,
    card,
    old_places,
    stage_row,
    work,
    works,
)

HOUR = 60


def test_machines_stand_in_the_fleets_order_with_their_labels_and_stages() -> None:
    shown = board_of()

    assert [(card.key, card.label) for card in shown.machines] == [
        ("gpu", "GPU server"),
        ("macmini", "Mac mini"),
        ("macbook", "MacBook"),
    ]
    assert [card.stages for card in shown.machines] == [
        ("extract", "embed", "chunk", "markdown", "preview", "thumbnail", "fulltext", "stt"),
        ("classify", "summarize"),
        ("deep_summary",),
    ]


def test_without_a_deep_slot_a_deep_summary_belongs_to_the_mac_mini() -> None:
    shown = board_of(*works(2, "deep_summary"), places=old_places(deep_slot=False))

    assert card(shown, "macmini").stages == ("classify", "summarize", "deep_summary")
    assert [card.pending for card in shown.machines] == [0, 2, 0]


@pytest.mark.parametrize("deep_slot", [True, False])
def test_what_is_deferred_of_both_summaries_stands_on_the_macbooks_card(*, deep_slot: bool) -> None:
    rows = [*works(3, "summarize", "deferred"), *works(2, "deep_summary", "deferred")]
    shown = board_of(*rows, places=old_places(deep_slot=deep_slot))

    assert [card.deferred_pending for card in shown.machines] == [0, 0, 5]
    assert [card.pending for card in shown.machines] == [0, 0, 0]


def test_a_pools_queue_is_its_homes_and_what_is_done_is_the_machines_that_did_it() -> None:
    shown = board_of(
        *works(4, "summarize"),
        *works(1, "summarize", "processing", machine="macbook", started=2),
        *works(2, "summarize", "failed", ended=5),
        *works(3, "summarize", "done", machine="macmini", ended=20),
        *works(5, "summarize", "done", machine="macbook", ended=30),
    )
    (pool,) = shown.pools

    mini, book = card(shown, "macmini"), card(shown, "macbook")
    assert (mini.pending, mini.processing, mini.failed, mini.done_1h) == (4, 1, 2, 3)
    assert (book.pending, book.processing, book.failed, book.done_1h) == (0, 0, 0, 5)
    assert [(s.machine, s.done_1h, s.done_today) for s in pool.by_machine] == [
        ("macmini", 3, 3),
        ("macbook", 5, 5),
    ]
    assert stage_row(shown, "summarize").done_1h == 8


STATES: dict[str, tuple[list[Work], str]] = {
    "works": ([work("extract", "processing", started=1)], "active"),
    "done-15-min-ago": ([work("extract", "done", machine="gpu", ended=15)], "active"),
    "done-16-min-ago": ([work("extract", "done", machine="gpu", ended=16)], "idle"),
    "waits": ([work("extract")], "idle"),
    "failed": ([work("extract", "failed", ended=1)], "idle"),
    "nothing": ([], "idle"),
}


@pytest.mark.parametrize("case", STATES)
def test_a_machine_is_active_that_works_or_has_done_something_in_the_last_15_minutes(
    case: str,
) -> None:
    rows, state = STATES[case]
    assert card(board_of(*rows), "gpu").state == state


def test_active_goes_before_deferred_and_that_before_idle() -> None:
    deferred = work("deep_summary", "deferred")
    just_done = work("deep_summary", "done", machine="macbook", ended=1, run="r-2")

    assert card(board_of(deferred), "macbook").state == "deferred"
    assert card(board_of(deferred, just_done), "macbook").state == "active"


def test_a_machine_that_works_for_a_pool_is_active_though_the_count_is_its_homes() -> None:
    shown = board_of(work("summarize", "processing", machine="macbook", started=1))
    assert [card.state for card in shown.machines] == ["idle", "active", "active"]


def test_the_two_that_work_longest_are_shown_with_what_is_usual() -> None:
    shown = board_of(
        *(work("extract", "processing", started=n, run=f"r-{n}") for n in (1, 3, 2)),
        *works(3, "extract", "done", machine="gpu", ended=40, started=41),
    )

    assert [(c.title, c.usual_seconds) for c in card(shown, "gpu").current] == [
        ("Title of r-3", 60.0),
        ("Title of r-2", 60.0),
    ]


WINDOWS = [
    ("now", 0.0, 1, 1),
    ("just-within-the-hour", 59.9, 1, 1),
    ("an-hour-ago", 60.0, 0, 1),
    ("at-midnight-in-seoul", 14 * HOUR + 30.0, 0, 1),
    ("before-midnight", 14 * HOUR + 30.1, 0, 0),
]


@pytest.mark.parametrize(("_name", "ended", "last_hour", "today"), WINDOWS)
def test_done_counts_60_minutes_and_since_midnight_of_the_boards_zone(
    _name: str, ended: float, last_hour: int, today: int
) -> None:
    shown = board_of(work("embed", "done", machine="gpu", created=ended + 1, ended=ended))
    row = stage_row(shown, "embed")

    assert (row.done_1h, row.done_today) == (last_hour, today)
    assert (card(shown, "gpu").done_1h, card(shown, "gpu").done_today) == (last_hour, today)
    assert (shown.totals.done_1h, shown.totals.done_today) == (last_hour, today)


def test_inflow_counts_whatever_has_become_of_it() -> None:
    rows = [
        work("chunk", "pending", created=5, run="a"),
        work("chunk", "done", machine="gpu", created=50, ended=1, run="b"),
        work("chunk", "failed", created=30, ended=1, run="c"),
        work("chunk", "pending", created=61, run="d"),
    ]
    assert stage_row(board_of(*rows), "chunk").created_1h == 3


def test_the_oldest_that_waits_is_aged_since_it_could_have_run() -> None:
    backing_off = replace(work("chunk", created=50, run="b"), due_at=ago(2))
    shown = board_of(work("chunk", created=10, run="a"), backing_off)

    assert stage_row(shown, "chunk").oldest_pending_age_sec == 600
    assert stage_row(shown, "embed").oldest_pending_age_sec is None


def test_what_is_deferred_or_held_does_not_wait_and_what_is_stuck_does() -> None:
    shown = board_of(
        work("classify", "held", run="a"),
        work("classify", "stuck", run="b"),
        work("deep_summary", "deferred", run="c"),
    )
    totals = shown.totals

    assert (totals.pending, totals.held, totals.deferred, totals.stuck) == (1, 1, 1, 1)
    assert stage_row(shown, "classify").pending == 1


def test_unknown_stages_stand_last_as_their_runs_have_them() -> None:
    shown = board_of(
        work("overlay", position=4, classes=("macmini",)),
        work("img_gen", "processing", position=0, classes=("gpu",), started=1),
    )

    assert [row.stage for row in shown.stages] == [*STAGE_CLASSES, "img_gen", "overlay"]
    assert card(shown, "macmini").stages[-1] == "overlay"
    assert (card(shown, "macmini").pending, card(shown, "gpu").processing) == (1, 1)


def test_a_stage_of_two_pipelines_waits_on_the_card_of_each_ones_own_class() -> None:
    rows = [work("ocr", classes=("gpu",), run="a"), work("ocr", classes=("macmini",), run="b")]
    assert [card.pending for card in board_of(*rows).machines] == [1, 1, 0]


def test_totals_are_the_sums_of_the_cards_and_of_the_stages() -> None:
    rows = [
        *works(3, "extract"),
        *works(2, "summarize", "deferred"),
        *works(1, "nobody-knows", "failed", ended=3),
        *works(4, "classify", "processing", started=1),
    ]
    shown = board_of(*rows)

    def summed(what: str) -> tuple[int, int, int]:
        return (
            getattr(shown.totals, what),
            sum(getattr(card, what) for card in shown.machines),
            sum(getattr(row, what) for row in shown.stages),
        )

    assert summed("pending") == (3, 3, 3)
    assert summed("processing") == (4, 4, 4)
    assert summed("failed") == (1, 1, 1)
    assert shown.totals.deferred == sum(card.deferred_pending for card in shown.machines) == 2


def test_the_trend_has_24_hours_the_oldest_first_and_empty_ones_are_0() -> None:
    shown = board_of(
        work("summarize", "done", machine="macbook", created=24 * HOUR, ended=31, run="a"),
        work("summarize", "pending", created=29, run="b"),
        work("extract", "done", machine="gpu", created=24 * HOUR, ended=5, run="c"),
    )
    (pool,) = shown.pools
    hours = [(hour.hour, hour.inflow, hour.done) for hour in pool.trend_24h]

    assert len(hours) == 24
    assert hours[0] == ("15:00", 0, 0)
    assert hours[-2:] == [("13:00", 0, 1), ("14:00", 1, 0)]
    assert [hour.done for hour in shown.trend_24h][-2:] == [1, 1]


def test_no_answer_holds_a_models_name() -> None:
    """Nothing of an endpoint reaches the numbers: the types have no place for it."""
    names = _fields(board_of(work("extract", "processing", started=1)))
    assert not {name for name in names if "model" in name}


def _fields(value: object) -> set[str]:
    """Names of fields, at any depth."""
    names: set[str] = set()
    if is_dataclass(value):
        for field in fields(value):
            names |= {field.name, *_fields(getattr(value, field.name))}
    elif isinstance(value, tuple):
        for part in cast("tuple[object, ...]", value):
            names |= _fields(part)
    return names


def test_slots_are_those_of_ready_nodes_and_holders_those_that_work_there() -> None:
    nodes = [
        make_node("gpu-0"),
        make_node("gpu-1", ready=False),
        make_node("book", "macbook", ready=False, transition="2026-11-03T00:10:00Z"),
    ]
    places = old_places()
    shown = board_of(
        work("extract", "processing", machine="gpu", started=2),
        work("deep_summary", "deferred", run="b", fallback_at=ago(-10)),
        machines=machine_states(places.fleet, nodes),
    )
    gpu, book = card(shown, "gpu"), card(shown, "macbook")

    assert (gpu.slots_used, gpu.slots_total, gpu.nodes_ready, gpu.nodes_total) == (1, 1, 1, 2)
    assert [held.title for held in gpu.holders] == ["Title of r-1"]
    assert str(book.away_since) == "2026-11-03 00:10:00+00:00"
    assert book.fallback_at == ago(-10)


def test_the_board_is_small_whatever_the_history() -> None:
    rows = [
        *works(400, "extract", "failed", ended=1, error="x" * 300),
        *works(400, "embed", "stuck", error="x" * 300),
        *works(3000, "chunk", "done", machine="gpu", ended=1),
    ]
    assert len(str(document(board_of(*rows))).encode()) < 50_000


def test_what_needs_a_person_is_stuck_the_oldest_first_then_failed_the_newest_first() -> None:
    shown: Board = board_of(
        work("embed", "failed", ended=9, run="old"),
        work("embed", "failed", ended=1, run="new"),
        work("embed", "stuck", run="young", turn_at=ago(1)),
        work("embed", "stuck", run="long", turn_at=ago(15)),
        now=NOW,
    )
    assert [row.run for row in shown.attention] == ["long", "young", "new", "old"]


def _done(last_hour: int, *, today: int = 0, machine: str = "gpu", at: float = 5) -> Done:
    return Done("extract", machine, last_hour, today, last_at=ago(at), durations=(1.0,))


@pytest.mark.parametrize(
    ("remembered", "live", "together"),
    [
        pytest.param([_done(9, today=20)], [_done(4, today=5)], [(9, 20)], id="some are gone"),
        pytest.param([_done(9, today=20)], [_done(10, today=21)], [(10, 21)], id="one just ended"),
        pytest.param([_done(9, today=20)], [], [(9, 20)], id="all are gone"),
        pytest.param([], [_done(2, today=3)], [(2, 3)], id="history has not heard of any"),
        pytest.param(
            [_done(9, today=20)],
            [_done(1, today=2, machine="macmini")],
            [(1, 2), (9, 20)],
            id="each machine by itself",
        ),
    ],
)
def test_what_history_and_live_runs_say_counts_once(
    remembered: list[Done], live: list[Done], together: list[tuple[int, int]]
) -> None:
    past = joined(Past(tuple(remembered)), Past(tuple(live)))

    assert sorted((done.last_hour, done.today) for done in past.done) == together


def test_what_came_is_historys_and_of_stages_unknown_to_it_the_live_runs() -> None:
    remembered, live = (Arrived("extract", 5),), (Arrived("extract", 7), Arrived("embed", 1))

    past = joined(Past(arrived=remembered), Past(arrived=live))

    assert [past.arrived_in(stage).last_hour for stage in ("extract", "embed")] == [5, 1]
