"""The board in a terminal: sentence, counts, machines, what needs a person, stages, hours."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Final

from rich.text import Text

from stagework.api.durations import short
from stagework.cli.text import past_estimates
from stagework.cli.text.headlines import clock, cut, middle_cut, sentence, span
from stagework.cli.text.tables import Cell, Table, line, one_line
from stagework.overview.queue.board import Board
from stagework.overview.queue.cards import CardWord, Current, MachineCard
from stagework.overview.queue.eta import QueueEta
from stagework.overview.queue.failed import FailedItem
from stagework.overview.queue.headline import Code
from stagework.overview.states import Tone

UNKNOWN: Final = "-"
_BARS: Final = " ▁▂▃▄▅▆▇█"
_CAUSE_LETTERS: Final = 100
TONES: Final[dict[CardWord, Tone]] = {
    "active": "busy",
    "deferred": "wait",
    "idle": "plain",
    "away": "wait",
}
"""How a machine's word looks."""
_BAD: Final[frozenset[Code]] = frozenset({"stuck", "failing", "no_rights", "not_installed"})
_WAIT: Final[frozenset[Code]] = frozenset({"behind", "away", "night", "history_away", "not_live"})


def page(board: Board, zone: tzinfo) -> list[Text]:
    """The whole board."""
    parts = [
        [headline_line(board, zone), counts_line(board)],
        [*_machine_table(board, zone).lines(), *_current_lines(board), *_pool_lines(board)],
        _attention_table(board).lines() if board.attention else [],
        stage_table(board).lines() if board.stages else [],
        list(_hour_lines(board)),
        _background_table(board).lines() if board.background_jobs else [],
        past_estimates.table(board.past_estimates).lines() if board.past_estimates else [],
    ]
    shown = [part for part in parts if part]
    return [text for part in shown for text in (*part, line(Cell("")))][:-1]


def headline_line(board: Board, zone: tzinfo) -> Text:
    """What to say first."""
    code = board.headline.code
    tone: Tone = "bad" if code in _BAD else "wait" if code in _WAIT else "plain"
    return line(Cell(sentence(board.headline, zone), tone))


def counts_line(board: Board) -> Text:
    """Counts of the whole queue, and as of when."""
    totals = board.totals
    counts = [
        (f"{totals.processing} running", "busy" if totals.processing else "plain"),
        (f"{totals.pending} waiting", "plain"),
        (f"{totals.deferred} deferred", "wait" if totals.deferred else "plain"),
        (f"{totals.failed} failed", "bad" if totals.failed else "plain"),
        (f"{totals.held} held", "wait" if totals.held else "plain"),
    ]
    shown = [(text, tone) for text, tone in counts if totals.held or not text.endswith("held")]
    cells = [Cell(f"{text}   ", _tone(tone)) for text, tone in shown]
    today = f"{totals.done_1h} done in the last hour, {totals.done_today} today"
    return line(*cells, Cell(f"{today} ({board.zone})"))


def _tone(word: str) -> Tone:
    tones: dict[str, Tone] = {"busy": "busy", "wait": "wait", "bad": "bad"}
    return tones.get(word, "plain")


def done_in(eta: QueueEta) -> str:
    """When a queue will be empty, or why nobody can say."""
    if not eta.pending:
        return UNKNOWN
    if eta.range is not None:
        return span(eta.range.p50_seconds, eta.range.p90_seconds)
    if eta.eta_minutes is not None:
        return f"about {short(eta.eta_minutes * 60)}"
    if eta.why_none == "NoHistoryYet":
        return "no history yet"
    return f"none: in {eta.inflow_rate_1h}/h, out {eta.done_rate_1h}/h"


def slots(card: MachineCard) -> str:
    """`2/2`; what is not known is a dash."""
    total = UNKNOWN if card.slots_total is None else str(card.slots_total)
    return f"{card.slots_used}/{total}"


def _machine_table(board: Board, zone: tzinfo) -> Table:
    return Table(
        (
            "MACHINE",
            "STATE",
            "SLOTS",
            "WAITING",
            "RUNNING",
            "DEFERRED",
            "FAILED",
            "DONE/H",
            "TODAY",
            "DONE IN",
        ),
        tuple(
            (
                Cell(card.label),
                Cell(_state(card, zone), TONES[card.word]),
                Cell(slots(card)),
                Cell(str(card.pending)),
                Cell(str(card.processing)),
                Cell(str(card.deferred_pending)),
                Cell(str(card.failed), "bad" if card.failed else "plain"),
                Cell(str(card.done_1h)),
                Cell(str(card.done_today)),
                Cell(done_in(card.eta)),
            )
            for card in board.machines
        ),
    )


def _state(card: MachineCard, zone: tzinfo) -> str:
    if card.away_since is None:
        return card.word
    return f"{card.word} since {clock(card.away_since.isoformat(), zone)}"


def _current_lines(board: Board) -> Iterator[Text]:
    for card in board.machines:
        for current in card.current:
            yield line(Cell(f"  {card.label}: {_current(current, board.generated_at)}"))
        more = card.processing - len(card.current)
        if more > 0:
            yield line(Cell(f"  {card.label}: and {more} more"))


def _pool_lines(board: Board) -> Iterator[Text]:
    labels = {card.key: card.label for card in board.machines}
    for pool in board.pools:
        shares = (
            f"{labels.get(share.machine, share.machine)} {share.done_today}"
            for share in pool.by_machine
        )
        yield line(Cell(f"  {pool.stage} done today: {', '.join(shares)}"))


def _current(current: Current, now: datetime) -> str:
    parts = [f"{middle_cut(current.title)}, {current.stage}"]
    if current.started_at is not None:
        parts.append(short((now - current.started_at).total_seconds()))
    if current.usual_seconds is not None:
        parts.append(f"usually {short(current.usual_seconds)}")
    return ", ".join(parts)


def _attention_table(board: Board) -> Table:
    return Table(
        ("NEEDS YOU", "FOR", "TITLE", "STAGE", "RUN", "ATTEMPT", "CAUSE"),
        tuple(
            (
                Cell(row.kind, "bad" if row.kind == "failed" else "wait"),
                Cell(short(row.seconds)),
                Cell(middle_cut(row.title)),
                Cell(row.stage),
                Cell(f"{row.namespace}/{row.run}"),
                Cell(_attempts(row.attempts, row.max_attempts)),
                Cell(cut(one_line(row.cause), _CAUSE_LETTERS)),
            )
            for row in board.attention
        ),
    )


def failed_table(items: tuple[FailedItem, ...], now: datetime) -> Table:
    """What has failed, by stage, the newest first."""
    return Table(
        ("STAGE", "RUN", "TITLE", "ATTEMPT", "FAILED", "CAUSE"),
        tuple(
            (
                Cell(item.stage),
                Cell(f"{item.namespace}/{item.run}"),
                Cell(middle_cut(item.title)),
                Cell(_attempts(item.attempts, item.max_attempts)),
                Cell(_ago(item.failed_at, now)),
                Cell(cut(one_line(item.error_message), _CAUSE_LETTERS)),
            )
            for item in items
        ),
    )


def _attempts(attempts: int, most: int) -> str:
    return f"{attempts}/{most}" if most else str(attempts)


def stage_table(board: Board) -> Table:
    """A row a stage."""
    labels = {card.key: card.label for card in board.machines}
    return Table(
        (
            "STAGE",
            "MACHINE",
            "WAITING",
            "RUNNING",
            "FAILED",
            "OLDEST",
            "IN/H",
            "DONE/H",
            "TODAY",
            "DONE IN",
        ),
        tuple(
            (
                Cell(row.stage),
                Cell(labels.get(row.machine, row.machine)),
                Cell(str(row.pending)),
                Cell(str(row.processing)),
                Cell(str(row.failed), "bad" if row.failed else "plain"),
                Cell(_age(row.oldest_pending_age_sec)),
                Cell(str(row.created_1h)),
                Cell(str(row.done_1h)),
                Cell(str(row.done_today)),
                Cell(done_in(row.eta)),
            )
            for row in board.stages
        ),
    )


def _ago(moment: datetime | None, now: datetime) -> str:
    return "" if moment is None else f"{short((now - moment).total_seconds())} ago"


def _age(seconds: int | None) -> str:
    return "" if seconds is None else short(seconds)


def _hour_lines(board: Board) -> Iterator[Text]:
    hours = board.trend_24h
    most = max((max(hour.done, hour.inflow) for hour in hours), default=0)
    if not most:
        return
    first, last = hours[0].hour, hours[-1].hour
    yield line(Cell(f"LAST 24 H   {first} to {last}, at most {most} an hour"))
    yield line(Cell(f"  came   {_bars([hour.inflow for hour in hours], most)}"))
    yield line(Cell(f"  done   {_bars([hour.done for hour in hours], most)}", "good"))


def _bars(counts: list[int], most: int) -> str:
    """A letter an hour; anything above nothing is seen."""
    steps = len(_BARS) - 1
    return "".join(_BARS[-(-count * steps // most)] if count else "·" for count in counts)


def _background_table(board: Board) -> Table:
    return Table(
        ("BACKGROUND", "STATE", "DONE", "FOR", "MACHINE", "ERROR"),
        tuple(
            (
                Cell(one_line(row.label)),
                Cell("stale" if row.stale else row.state, "wait" if row.stale else "plain"),
                Cell(_progress(row.processed, row.total)),
                Cell(short(row.elapsed_sec)),
                Cell(row.machine),
                Cell(one_line(row.error)),
            )
            for row in board.background_jobs
        ),
    )


def _progress(processed: int | None, total: int | None) -> str:
    shown = UNKNOWN if processed is None else str(processed)
    return shown if total is None else f"{shown}/{total}"
