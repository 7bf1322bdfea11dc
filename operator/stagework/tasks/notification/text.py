"""The digest as people read it: no clock, no request."""

from collections.abc import Mapping

from stagework.alerts.alerts import Message
from stagework.api import names
from stagework.api.durations import short
from stagework.api.history import Digest

DONE = (names.COMPLETED, names.COMPLETED_WITH_SKIPS)
"""So a run ends that is done."""


def done_and_failed(runs: Mapping[str, int]) -> tuple[int, int]:
    """Runs that were done, and runs that ended otherwise."""
    done = sum(number for state, number in runs.items() if state in DONE)
    return done, sum(runs.values()) - done


def digest_message(digest: Digest, waiting_deferred: int, where: str, hours: int) -> Message:
    """One line of title, then what is worth a line."""
    done, failed = done_and_failed(digest.runs)
    title = f"{where}: {_runs(done)} done, {failed} failed in {hours} h"
    others = {state: n for state, n in sorted(digest.runs.items()) if state not in DONE}
    lines = [f"{_runs(number)} ended as {state}" for state, number in others.items()]
    if digest.failedStages:
        lines.append(
            f"{digest.failedStages} failed stages wait for somebody: stagework status --failed"
        )
    if digest.deferredStages or waiting_deferred:
        lines.append(
            f"deferred {digest.deferredStages} times; {waiting_deferred} stages are deferred now"
        )
    lines += [
        f"{slow.stage}: {short(slow.meanSeconds)} on average over {slow.number}, "
        f"{short(slow.longestSeconds)} at most"
        for slow in digest.slowest
    ]
    return Message(title, "\n".join(lines) or "Nothing has happened.")


def _runs(number: int) -> str:
    return "1 run" if number == 1 else f"{number} runs"
