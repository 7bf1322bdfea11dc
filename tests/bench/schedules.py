"""Thousands of ScheduledJobs and one operator: `python -m tests.bench schedules [--schedules N]`.

On the simulated API server, in real time. Once their slots are spread over a minute, once all come
at the same moment; each has its own run, of one stage that ends at once. How late a run is counts
from its slot to the arrival of its create at the API server. Memory is taken before there is any of
them, and when all of them wait for their slots.
"""

import argparse
import asyncio
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.bench.machine import describe
from tests.bench.stand import Stand
from tests.bench.tables import table

MEMORY_GOAL_MIB: Final = 50
LAG_GOAL_SECONDS: Final = 1.0
SPREAD_SECONDS: Final = 59
"""By so much at most a slot is put off: all of them come within a minute."""
LEAD_SECONDS: Final = 20.0
"""The operator has so long at least to see a thousand schedules before their slots."""
_IDLE_CPU: Final = 0.1


@dataclass(frozen=True)
class Figures:
    """Of one round."""

    lags: Sequence[float]
    lost: int
    twice: int
    more_mib: float
    at_most_mib: float


async def main(count: int) -> None:
    """Measure and print."""
    head = "\n".join(describe())
    spread = await _round(count, SPREAD_SECONDS)
    at_once = await _round(count, 0)
    settings = f"settings: {count} schedules, one stage a run that ends at once, 64 workers"
    columns = ("", "spread over a minute", "all at once", "goal")
    text = table(columns, list(_rows(spread, at_once)))
    sys.stdout.write(f"{head}\n{settings}\n\n{text}\n")


def _rows(spread: Figures, at_once: Figures) -> Sequence[tuple[str, ...]]:
    def lag(share: float) -> tuple[str, str]:
        late, all_late = (_quantile(one.lags, share) for one in (spread, at_once))
        return f"{late:.3f}", f"{all_late:.3f}"

    return [
        ("runs asked for", str(len(spread.lags)), str(len(at_once.lags)), ""),
        ("slots without a run", str(spread.lost), str(at_once.lost), "0"),
        ("runs that were asked for twice", str(spread.twice), str(at_once.twice), "0"),
        ("lag p50, s", *lag(0.5), ""),
        ("lag p99, s", *lag(0.99), f"{LAG_GOAL_SECONDS:.0f} where spread"),
        ("lag of the last, s", *lag(1.0), ""),
        (
            "operator's memory, more than without them, MiB",
            f"{spread.more_mib:.0f}",
            f"{at_once.more_mib:.0f}",
            str(MEMORY_GOAL_MIB),
        ),
        (
            "operator's memory at most, with all runs, MiB",
            f"{spread.at_most_mib:.0f}",
            f"{at_once.at_most_mib:.0f}",
            "",
        ),
    ]


async def _round(count: int, jitter_seconds: int) -> Figures:
    async with Stand() as stand:
        operator = await stand.start_operator()
        await stand.watched()
        await _until_idle(stand)
        before = operator.memory_mib()
        slot = _slot_after(LEAD_SECONDS * (1 + count / 1000))
        asked = {"count": count, "slot": slot.isoformat(), "jitter": jitter_seconds}
        await stand.ask("schedules", **asked)
        await _until(stand, "seen", count, seconds=60 + count / 20)
        await _until_idle(stand)
        if datetime.now(UTC) >= slot:
            raise RuntimeError("the slots came before the operator had seen all schedules")
        waiting = operator.memory_mib()
        left = (slot - datetime.now(UTC)).total_seconds()
        stats = await _until(stand, "recorded", count, seconds=left + 120 + count / 20)
        return Figures(
            lags=stats["lags"],
            lost=count - stats["names"],
            twice=stats["asked"] - stats["names"],
            more_mib=waiting - before,
            at_most_mib=operator.memory_mib("VmHWM"),
        )


def _slot_after(seconds: float) -> datetime:
    """The first full minute after so long."""
    return (datetime.now(UTC) + timedelta(seconds=seconds + 60)).replace(second=0, microsecond=0)


async def _until(stand: Stand, what: str, count: int, *, seconds: float) -> dict[str, Any]:
    async with asyncio.timeout(seconds):
        while (stats := await stand.ask("slots"))[what] < count:
            assert stand.operator is not None
            stand.operator.check()
            await asyncio.sleep(3)  # each question holds up the simulated API server
    return stats


async def _until_idle(stand: Stand) -> None:
    """Wait until the operator has nothing more to do."""
    operator, used = stand.operator, math.inf
    assert operator is not None
    while used > _IDLE_CPU:
        before = operator.cpu_seconds()
        await asyncio.sleep(2)
        used = operator.cpu_seconds() - before


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench schedules", description=__doc__)
    parser.add_argument("--schedules", type=int, default=5000, help="so many")
    asyncio.run(main(parser.parse_args().schedules))
