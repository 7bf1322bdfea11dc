"""The headline of the board as a sentence: `LEAD: clause; clause.`"""

from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Final

from stagework.api.durations import short
from stagework.cli.text.tables import one_line
from stagework.overview.queue.headline import Args, Code, Headline

TITLE_LETTERS: Final = 24
SENTENCE_LETTERS: Final = 120


def sentence(headline: Headline, zone: tzinfo) -> str:
    """What to say first, with its notes; 120 letters."""
    lead, clause = _LEADS[headline.code], _clause(headline.code, headline.args, zone)
    if headline.code == "failing" and not headline.args["failed_1h"]:
        lead = "Needs you"
    said = f"{lead}: {clause}"
    for note in headline.notes:
        more = f"{said}; {_note(note.code, note.args, zone)}"
        if len(more) < SENTENCE_LETTERS:
            said = more
    return cut(said, SENTENCE_LETTERS - 1) + "."


def cut(text: str, letters: int) -> str:
    """A text in so many letters, its end left out."""
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"


def middle_cut(text: str) -> str:
    """A title in 24 letters, its middle left out."""
    shown = one_line(text)
    if len(shown) <= TITLE_LETTERS:
        return shown
    half = (TITLE_LETTERS - 1) // 2
    return f"{shown[: TITLE_LETTERS - 1 - half]}…{shown[-half:]}"


def span(p50_seconds: object, p90_seconds: object) -> str:
    """`30m to 45m`; one where they read alike; empty where nothing is known."""
    if not isinstance(p50_seconds, int | float) or not isinstance(p90_seconds, int | float):
        return ""
    low, high = short(_whole(p50_seconds)), short(_whole(p90_seconds))
    return low if low == high else f"{low} to {high}"


def _whole(seconds: float) -> float:
    """Up to whole minutes; from 2 h on to five."""
    step = 60 if seconds < 2 * 3600 else 300
    return -(-seconds // step) * step


def _clause(code: Code, args: Args, zone: tzinfo) -> str:
    return _CLAUSES[code](args, zone)


def _note(code: Code, args: Args, zone: tzinfo) -> str:
    if code == "stuck":
        return f"{args['count']} stuck at {args['stage']}"
    if code == "failing":
        return f"{args['failed']} failed at {args['stage']}"
    if code == "away":
        return f"{args['deferred']} deferred for {args['machine']}"
    return _clause(code, args, zone)


def clock(moment: object, zone: tzinfo) -> str:
    """A moment by the board's clock."""
    return f"{datetime.fromisoformat(str(moment)).astimezone(zone):%H:%M}" if moment else "?"


def _seconds(args: Args, name: str = "seconds") -> str:
    value = args.get(name)
    return short(value) if isinstance(value, int | float) else "an unknown time"


def _working(args: Args, _zone: tzinfo) -> str:
    parts = [f"{args['running']} running", f"{args['waiting']} waiting"]
    until = span(args["p50_seconds"], args["p90_seconds"])
    if until and args["waiting"]:
        parts.append(f"done in {until}")
    return ", ".join(parts)


def _away(args: Args, zone: tzinfo) -> str:
    since = f"away since {clock(args['since'], zone)}, " if args["since"] else ""
    later = f"; the next class from {clock(args['fallback_at'], zone)}"
    return f"{since}{args['deferred']} deferred{later if args['fallback_at'] else ''}"


def _failing(args: Args, _zone: tzinfo) -> str:
    cause = one_line(str(args["cause"]))
    if not args["failed_1h"]:
        return f"{args['failed']} failed, {args['at_stage']} at {args['stage']}: {cause}"
    return (
        f"{args['failed_1h']} failed in the last hour, "
        f"{args['at_stage']} at {args['stage']}: {cause}"
    )


def _idle(args: Args, _zone: tzinfo) -> str:
    if args["last_seconds"] is None:
        return "nothing has been done yet"
    return f"nothing done today; the last ended {_seconds(args, 'last_seconds')} ago"


_LEADS: Final[dict[Code, str]] = {
    "well": "All well",
    "working": "Working",
    "away": "Waiting for a machine",
    "stuck": "Stuck",
    "failing": "Failing",
    "behind": "Falling behind",
    "history_away": "History away",
    "not_live": "Not live",
    "no_rights": "No rights",
    "not_installed": "Nothing can run yet",
    "idle": "Nothing queued",
    "night": "Quiet night",
}
_CLAUSES: Final[dict[Code, Callable[[Args, tzinfo], str]]] = {
    "well": lambda args, _: (
        f"nothing waits; {args['done_today']} done today, "
        f"the last {_seconds(args, 'last_seconds')} ago"
    ),
    "working": _working,
    "away": lambda args, zone: f"{args['machine']} {_away(args, zone)}",
    "stuck": lambda args, _: (
        f'"{middle_cut(str(args["title"]))}" cannot start {args["stage"]} '
        f"for {_seconds(args)}: {one_line(str(args['cause']))}"
    ),
    "failing": _failing,
    "behind": lambda args, _: (
        f"{args['stage']} gets {args['inflow']} an hour and does {args['done']}; no end in sight"
    ),
    "history_away": lambda args, _: (
        f"for {_seconds(args)}; work goes on, today's counts are unknown"
    ),
    "not_live": lambda args, zone: f"this is the picture of {clock(args['since'], zone)}",
    "no_rights": lambda args, _: f"you may not list {args['what']}",
    "not_installed": lambda _args, _: "no node has a machine label",
    "idle": _idle,
    "night": lambda args, _: f"nothing runs, {args['deferred']} wait for {args['machine']}",
}
