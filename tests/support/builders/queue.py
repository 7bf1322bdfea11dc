"""Rows of work and what stands around them, valid by default, one call a change."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from stagework.api.machines import Fleet, MachineClass
from stagework.overview.queue.board import Board, Seen, board
from stagework.overview.queue.cards import MachineCard
from stagework.overview.queue.places import Places
from stagework.overview.queue.stage_rows import StageNumbers
from stagework.overview.queue.work import Work, WorkState

NOW = datetime(2026, 11, 3, 5, 30, tzinfo=UTC)
"""14:30 in Seoul."""
SEOUL = "Asia/Seoul"
STAGE_CLASSES = {
    **dict.fromkeys(
        ("extract", "embed", "chunk", "markdown", "preview", "thumbnail", "fulltext", "stt"),
        ("gpu",),
    ),
    "classify": ("macmini",),
    "summarize": ("macmini", "macbook"),
    "deep_summary": ("macbook", "macmini"),
}
"""The static map of the old board."""
POOLS = {"summarize": ("macmini", "macbook")}


def old_fleet(*, deep_slot: bool = True) -> Fleet:
    """The three machines of the old board; without a deep slot the Mac mini does its work."""

    def machine(key: str, label: str, *, away: bool = False) -> MachineClass:
        selector = {"stagework.dev/machine": key}
        return MachineClass(key=key, label=label, nodeSelector=selector, mayBeAway=away)

    deep = {} if deep_slot else {"deep_summary": ("macmini",)}
    return Fleet(
        machineClasses=(
            machine("gpu", "GPU server"),
            machine("macmini", "Mac mini"),
            machine("macbook", "MacBook", away=True),
        ),
        stageClasses=STAGE_CLASSES | deep,
    )


def old_places(*, deep_slot: bool = True) -> Places:
    """Its places: `summarize` is a pool, and a deep summary may always wait for the MacBook."""
    pools: dict[str, tuple[str, ...]] = dict(POOLS)
    if not deep_slot:
        pools["deep_summary"] = ("macmini", "macbook")
    return Places(old_fleet(deep_slot=deep_slot), pools)


def ago(minutes: float, now: datetime = NOW) -> datetime:
    """So many minutes before now."""
    return now - timedelta(minutes=minutes)


def work(
    stage: str = "extract",
    state: WorkState = "pending",
    *,
    created: float = 10,
    ended: float | None = None,
    started: float | None = None,
    now: datetime = NOW,
    run: str = "r-1",
    **changes: Any,
) -> Work:
    """One row; times in minutes before now."""
    values: dict[str, Any] = {
        "run_uid": f"uid-{run}",
        "namespace": "default",
        "run": run,
        "stage": stage,
        "position": 0,
        "attempt": 1,
        "max_attempts": 3,
        "state": state,
        "classes": (),
        "machine": "",
        "document_id": f"doc-{run}",
        "title": f"Title of {run}",
        "created_at": ago(created, now),
        "due_at": ago(created, now),
        "started_at": None if started is None else ago(started, now),
        "ended_at": None if ended is None else ago(ended, now),
    }
    return Work(**(values | changes))


def works(
    count: int, stage: str = "extract", state: WorkState = "pending", **more: Any
) -> list[Work]:
    """So many alike, of runs of their own."""
    name = f"{stage}-{state}-{more.get('ended', '')}-{more.get('machine', '')}"
    return [work(stage, state, run=f"{name}-{number}", **more) for number in range(count)]


def board_of(*rows: Work, now: datetime = NOW, **more: Any) -> Board:
    """The board of these rows alone, in Seoul."""
    values: dict[str, Any] = {
        "places": old_places(),
        "zone": ZoneInfo(SEOUL),
        "zone_name": SEOUL,
    }
    return board(Seen(rows=rows, **(values | more)), now)


def card(shown: Board, key: str) -> MachineCard:
    """The card of a machine class."""
    return next(card for card in shown.machines if card.key == key)


def stage_row(shown: Board, stage: str) -> StageNumbers:
    """The row of a stage."""
    return next(row for row in shown.stages if row.stage == stage)
