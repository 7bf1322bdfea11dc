"""How long until an operator that finds a cluster full of work acts, and what memory it takes."""

import asyncio
import time

from tests.bench.process import Measured
from tests.bench.stand import Stand

STAGES = 9
HELD = 3
"""Two stages of each run are done, the third one runs: three Jobs and Pods a run."""


async def bench(jobs: int) -> list[tuple[str, ...]]:
    """One operator brings `jobs` runs to their third stage and goes; the next one is measured."""
    async with Stand(lookAhead=0) as stand:
        await stand.ask("hold", stage=HELD)
        first = await stand.start_operator()
        await stand.watched()
        await stand.ask("runs", count=jobs, stages=STAGES)
        await stand.finished(jobs * HELD, seconds=120 + jobs / 5, what="processes")
        await _until_idle(first)
        before = first.memory_mib("VmRSS")
        await first.stop()
        # Applied while nobody is there: the next operator must find it behind all the others.
        await stand.ask("runs", count=1, stages=1)
        await stand.ask("clear")
        began = time.monotonic()
        second = await stand.start_operator()
        stats = await stand.finished(1, seconds=300)
        acting = time.monotonic() - began
        await _until_idle(second)
        await asyncio.sleep(3)
        return [
            ("live PipelineJobs", str(jobs), ""),
            ("their Jobs", str(stats["jobs"]), ""),
            ("their Pods", str(stats["pods"]), ""),
            ("until a run applied meanwhile is done, s", f"{acting:.1f}", "20"),
            ("CPU of the start, s", f"{second.cpu_seconds():.1f}", ""),
            ("memory, MiB", f"{second.memory_mib('VmRSS'):.0f}", "250"),
            ("memory at most, MiB", f"{second.memory_mib('VmHWM'):.0f}", ""),
            ("memory of the one before, MiB", f"{before:.0f}", "250"),
        ]


async def _until_idle(operator: Measured) -> None:
    """Wait until it has nothing more to do."""
    while True:
        cpu = operator.cpu_seconds()
        await asyncio.sleep(3)
        if operator.cpu_seconds() - cpu < 0.6:
            return
