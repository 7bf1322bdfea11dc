"""Stages a second, CPU a stage, decision latency, writes: ours and a plain kopf operator's."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.bench.process import Measured
from tests.bench.stand import Stand

STAGES: Final = 9
PACED_PER_SECOND: Final = 100
"""Stages a second while latency is measured."""
PACED_SECONDS: Final = 20
AT_REST_CPU: Final = 0.1
"""Share of a core below which an operator counts as at rest."""
_WRITES: Final = ("POST jobs", "PATCH pipelinejobs/status", "PATCH pipelinejobs", "PATCH jobs")


@dataclass(frozen=True)
class Figures:
    """Of one operator."""

    jobs: int
    stages_per_second: float
    cpu_ms_per_stage: float
    cluster_cpu_ms_per_stage: float
    writes_per_stage: float
    ungates_per_stage: float
    memory_mib: float
    latency_ms: tuple[float, float] | None
    """p50 and p99 at the paced rate."""
    doubled: int

    @property
    def one_core_per_second(self) -> float:
        """Stages a second that one core of its own would carry."""
        return 1000 / self.cpu_ms_per_stage


async def measure(
    start: Callable[[Stand], Awaitable[Measured]], jobs: int, *, paced: bool = True
) -> Figures:
    """Run `jobs` PipelineJobs as fast as it goes, then some at the paced rate."""
    async with Stand() as stand:
        operator = await start(stand)
        await stand.watched()
        await asyncio.sleep(3)
        cpu, cluster_cpu = operator.cpu_seconds(), stand.cluster.cpu_seconds()
        await stand.ask("clear")
        began = (await stand.ask("stats"))["now"]
        await stand.ask("runs", count=jobs, stages=STAGES)
        stats = await stand.finished(jobs, seconds=60 + jobs * STAGES / 10)
        cpu = operator.cpu_seconds() - cpu
        cluster_cpu = stand.cluster.cpu_seconds() - cluster_cpu
        stages = jobs * STAGES
        requests: dict[str, int] = stats["requests"]
        memory = operator.memory_mib("VmHWM")
        latency = await _latency(stand, operator, jobs) if paced else None
        return Figures(
            jobs=jobs,
            stages_per_second=stages / (stats["done_at"] - began),
            cpu_ms_per_stage=cpu * 1000 / stages,
            cluster_cpu_ms_per_stage=cluster_cpu * 1000 / stages,
            writes_per_stage=sum(requests.get(write, 0) for write in _WRITES) / stages,
            ungates_per_stage=requests.get("PATCH pods", 0) / stages,
            memory_mib=memory,
            latency_ms=latency,
            doubled=stats["doubled"] + stats["overlaps"],
        )


async def _at_rest(operator: Measured) -> None:
    """Wait until the operator has worked off what the burst left behind."""
    async with asyncio.timeout(60):
        used = math.inf
        while used > AT_REST_CPU:
            before = operator.cpu_seconds()
            await asyncio.sleep(1)
            used = operator.cpu_seconds() - before


async def _latency(stand: Stand, operator: Measured, done: int) -> tuple[float, float]:
    await _at_rest(operator)
    await stand.ask("clear")
    per_second = PACED_PER_SECOND / STAGES
    count = round(per_second * PACED_SECONDS)
    await stand.ask("runs", count=count, stages=STAGES, per_second=per_second)
    stats = await stand.finished(done + count, seconds=PACED_SECONDS * 4 + 60)
    latencies: list[float] = stats["latencies"]
    return _quantile(latencies, 0.5) * 1000, _quantile(latencies, 0.99) * 1000


def _quantile(ordered: list[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, math.ceil(part * len(ordered)) - 1)] if ordered else 0.0


def rows(ours: Figures, plain: Figures | None) -> list[tuple[str, str, str, str, str]]:
    """The table: what, ours, the plain kopf operator's, ratio, goal."""

    def row(
        what: str, read: Callable[[Figures], float], goal: str, *, more: bool = False
    ) -> tuple[str, str, str, str, str]:
        mine, other = read(ours), read(plain) if plain is not None else math.nan
        ratio = (mine / other if more else other / mine) if mine and other else math.nan
        return what, _text(mine), _text(other), "" if math.isnan(ratio) else f"{ratio:.1f} x", goal

    table = [
        ("PipelineJobs of nine stages", str(ours.jobs), str(plain.jobs) if plain else "", "", ""),
        row("stages a second", lambda f: f.stages_per_second, "500; 6 x", more=True),
        row("CPU a stage, ms", lambda f: f.cpu_ms_per_stage, "2"),
        row("stages a second that one core carries", _one_core, "500", more=True),
        row("status or Job writes a stage", lambda f: f.writes_per_stage, "2"),
        row("gates removed a stage", lambda f: f.ungates_per_stage, ""),
        row("memory at most, MiB", lambda f: f.memory_mib, ""),
        row("attempts that ran twice", lambda f: f.doubled, "0"),
        row("simulated cluster's own CPU a stage, ms", lambda f: f.cluster_cpu_ms_per_stage, ""),
    ]
    for place, name, goal in ((0, "p50", "5"), (1, "p99", "50")):
        what = f"end reported to next stage ungated, {name} at {PACED_PER_SECOND}/s, ms"
        table.append(row(what, _latency_at(place), goal))
    return table


def _one_core(figures: Figures) -> float:
    return figures.one_core_per_second


def _latency_at(place: int) -> Callable[[Figures], float]:
    return lambda figures: figures.latency_ms[place] if figures.latency_ms else math.nan


def _text(value: float) -> str:
    if math.isnan(value):
        return ""
    return f"{value:.0f}" if value == round(value) or value >= 100 else f"{value:.2f}"


async def bench(jobs: int, baseline_jobs: int, profile: str) -> list[tuple[Any, ...]]:
    """Both, one after the other."""

    async def ours(stand: Stand) -> Measured:
        return await stand.start_operator(profile=profile)

    figures = await measure(ours, jobs)
    plain = None
    if baseline_jobs:
        plain = await measure(Stand.start_baseline, baseline_jobs, paced=False)
    return list(rows(figures, plain))
