"""The one thing to say of the whole queue: a code, what belongs into it, and two notes.

The first of these that holds leads: not live and no rights (whoever asks knows that), not
installed, stuck, history away, falling behind, failing, working, night, machine away, all well,
nothing queued. Of the others those that a person should know become notes. Sentences are made by
whoever shows it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from stagework.api.estimates import Eta
from stagework.overview.queue.cards import MachineCard
from stagework.overview.queue.hours import Window
from stagework.overview.queue.past import Past
from stagework.overview.queue.stage_rows import StageNumbers
from stagework.overview.queue.work import Work

Code = Literal[
    "well",
    "working",
    "away",
    "stuck",
    "failing",
    "behind",
    "history_away",
    "not_live",
    "no_rights",
    "not_installed",
    "idle",
    "night",
]
Args = Mapping[str, str | int | float | None]
"""What belongs into the sentence, by name; times as RFC 3339."""

FAILED_SHARE: Final = 0.1
"""From this share of failures in the last hour they are what leads."""
IN_A_ROW: Final = 3
"""Likewise, where the last ones of a stage have all failed."""
MOST_NOTES: Final = 2
NIGHT: Final = (22, 6)
"""Hours of the board's clock that are night: from, to."""
_NOTED: Final = frozenset({"stuck", "history_away", "behind", "failing", "away"})


@dataclass(frozen=True, slots=True)
class Note:
    """A thing to say beside the first."""

    code: Code
    args: Args


@dataclass(frozen=True, slots=True)
class Headline:
    """What to say first."""

    code: Code
    args: Args
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """All that the headline is judged from."""

    rows: Sequence[Work]
    past: Past
    stages: Sequence[StageNumbers]
    machines: Sequence[MachineCard]
    window: Window
    hour: int
    """Of the board's clock, now."""
    has_nodes: bool | None
    """Whether any node has a machine label; None where nobody could look."""
    history_away_since: datetime | None = None
    forbidden: str = ""
    """What the reader may not list, such as `runs in daily`."""
    stale_since: datetime | None = None
    """Since when nothing new has been seen."""


def headline(scene: Scene) -> Headline:
    """The code that leads, and its notes."""
    first, *others = [Note(code, args) for code, args in _holding(scene)]
    notes = [note for note in others if note.code in _NOTED]
    return Headline(first.code, first.args, tuple(notes[:MOST_NOTES]))


def _holding(scene: Scene) -> Iterator[tuple[Code, Args]]:
    """All that hold, in the order in which they lead; the last two always leave one."""
    if scene.stale_since is not None:
        yield "not_live", {"since": scene.stale_since.isoformat()}
    if scene.forbidden:
        yield "no_rights", {"what": scene.forbidden}
    if scene.has_nodes is False:
        yield "not_installed", {}
    yield from _stuck(scene)
    if scene.history_away_since is not None:
        seconds = (scene.window.now - scene.history_away_since).total_seconds()
        yield "history_away", {"seconds": seconds}
    yield from _behind(scene)
    failing, leads = _failing(scene)
    if failing and leads:
        yield "failing", failing
    yield from _at_work_or_at_rest(scene)
    if failing and not leads:
        yield "failing", failing


def _at_work_or_at_rest(scene: Scene) -> Iterator[tuple[Code, Args]]:
    running = sum(stage.processing for stage in scene.stages)
    waiting = sum(stage.pending for stage in scene.stages)
    deferred = sum(stage.deferred for stage in scene.stages)
    done_today = sum(stage.done_today for stage in scene.stages)
    if running or waiting:
        span = _whole_eta(scene.machines)
        yield (
            "working",
            {
                "running": running,
                "waiting": waiting,
                "p50_seconds": span.p50_seconds if span is not None else None,
                "p90_seconds": span.p90_seconds if span is not None else None,
            },
        )
    if deferred:
        away = _away(scene, deferred)
        at_night = not NIGHT[1] <= scene.hour < NIGHT[0]
        yield "night" if at_night and not running and not waiting else "away", away
    last = max((d.last_at for d in scene.past.done if d.last_at is not None), default=None)
    ago = (scene.window.now - last).total_seconds() if last is not None else None
    if done_today:
        yield "well", {"done_today": done_today, "last_seconds": ago}
    yield "idle", {"last_seconds": ago}


def _stuck(scene: Scene) -> Iterator[tuple[Code, Args]]:
    stuck = [work for work in scene.rows if work.state == "stuck"]
    if stuck:
        oldest = min(stuck, key=lambda work: (work.turn_at or work.due_at, work.key))
        seconds = (scene.window.now - (oldest.turn_at or oldest.due_at)).total_seconds()
        yield (
            "stuck",
            {
                "title": oldest.title,
                "stage": oldest.stage,
                "seconds": seconds,
                "cause": oldest.error,
                "count": len(stuck),
            },
        )


def _behind(scene: Scene) -> Iterator[tuple[Code, Args]]:
    """More comes than is done, and more waits than an hour's work: less is only a fresh lot."""
    slow = [
        stage
        for stage in scene.stages
        if stage.eta.why_none == "InflowOutrunsOutput"
        and stage.created_1h > stage.done_1h
        and stage.pending > stage.done_1h > 0
    ]
    if slow:
        worst = max(slow, key=lambda stage: stage.created_1h - stage.done_1h)
        args = {"stage": worst.stage, "inflow": worst.created_1h, "done": worst.done_1h}
        yield "behind", args


def _failing(scene: Scene) -> tuple[Args, bool]:
    """What has failed and is not cured, and whether that is the first thing to say."""
    failed = [work for work in scene.rows if work.state == "failed"]
    if not failed:
        return {}, False
    recent = [w for w in failed if w.ended_at is not None and scene.window.recent(w.ended_at)]
    stage, count = Counter(work.stage for work in recent or failed).most_common(1)[0]
    newest = max(
        (work for work in failed if work.stage == stage),
        key=lambda work: (work.ended_at or work.created_at, work.key),
    )
    args: Args = {
        "failed": len(failed),
        "failed_1h": len(recent),
        "stage": stage,
        "at_stage": count,
        "cause": newest.error,
    }
    done = sum(one.done_1h for one in scene.stages)
    many = bool(recent) and len(recent) >= FAILED_SHARE * (done + len(recent))
    at_rest = not any(one.processing or one.pending for one in scene.stages)
    return args, at_rest or many or any(_row_of_failures(scene.rows, w.stage) for w in recent)


def _row_of_failures(rows: Sequence[Work], stage: str) -> bool:
    ended = [
        (work.ended_at, work.state)
        for work in rows
        if work.stage == stage and work.ended_at is not None and work.state in ("done", "failed")
    ]
    last = sorted(ended)[-IN_A_ROW:]
    return len(last) == IN_A_ROW and all(state == "failed" for _, state in last)


def _away(scene: Scene, deferred: int) -> Args:
    away = [card for card in scene.machines if card.deferred_pending]
    card = max(away, key=lambda card: card.deferred_pending)
    return {
        "machine": card.label,
        "since": card.away_since.isoformat() if card.away_since is not None else None,
        "deferred": deferred,
        "fallback_at": card.fallback_at.isoformat() if card.fallback_at is not None else None,
    }


def _whole_eta(machines: Sequence[MachineCard]) -> Eta | None:
    """Done is when the last of the machines is; None where one of them cannot say."""
    waiting = [card for card in machines if card.pending]
    spans = [card.eta.range for card in waiting if card.eta.range is not None]
    if not waiting or len(spans) < len(waiting):
        return None
    return Eta(max(s.p50_seconds for s in spans), max(s.p90_seconds for s in spans))
