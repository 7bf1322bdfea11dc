"""`python -m tests.bench NAME`: a table and what it was measured on.

`transitions` and `restart` (`--jobs N`), `exchange`, `history` (`--attempts N`), `listener`
(`--rows N`), `estimates`, `chunks` and `schedules` (`--schedules N`) need no cluster; `chain`,
`contracts` and `scale` use the kind cluster, `batch` with and without one (`--on`); `quality`
measures the document stages.
"""

import argparse
import asyncio
import runpy
import sys

from tests.bench import restart, transitions
from tests.bench.machine import describe

MODULES = (
    *("exchange", "history", "listener", "estimates", "chunks", "schedules"),
    *("chain", "contracts", "scale", "batch", "quality"),
)
"""Benches that are programs of their own."""


def main() -> None:
    """Parse the options, measure, print."""
    if len(sys.argv) > 1 and sys.argv[1] in MODULES:
        runpy.run_module(f"tests.bench.{sys.argv.pop(1)}", run_name="__main__")
        return
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("bench", choices=["transitions", "restart", *MODULES])
    parser.add_argument("--jobs", type=int, default=10_000, help="PipelineJobs")
    parser.add_argument("--baseline-jobs", type=int, default=300, help="0: without the baseline")
    parser.add_argument("--profile", default="", help="write a cProfile of the operator here")
    asked = parser.parse_args()
    head = describe()
    if asked.bench == "transitions":
        rows = asyncio.run(transitions.bench(asked.jobs, asked.baseline_jobs, asked.profile))
        columns = ("", "stagework", "plain kopf operator", "ratio", "goal")
        settings = "settings: look-ahead 2, 64 workers, no throttle, every stage ends at once"
    else:
        rows = asyncio.run(restart.bench(asked.jobs))
        columns = ("", "stagework", "goal")
        settings = "settings: look-ahead 2, 64 workers; a third of the Jobs' Pods run"
    load = describe()[1].replace("load average", "load average afterwards")
    lines = [*head, load, settings, "", _line(columns), _line(tuple("---" for _ in columns))]
    sys.stdout.write("\n".join([*lines, *(_line(row) for row in rows), ""]))


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
