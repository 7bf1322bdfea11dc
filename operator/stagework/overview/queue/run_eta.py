"""When one run will be done: from whole past runs of its pipeline, scaled by its pace.

Stages' times go together (a big document is slow everywhere), so stages drawn apart are never
added. Of each past run the rest is taken as a whole, `rest_i * (done_now / done_i) ** g`, with g
the slope of log rest on log done over these runs, between 0 and 1; then their p50 and p90. Waiting
for machines is not in it. What that is worth: `tests/bench` (`estimates`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import StatisticsError, linear_regression
from typing import Final, Literal

from stagework.api.estimates import Eta, eta_of

FEWEST_RUNS: Final = 10
RUNS_KEPT: Final = 50

Durations = Mapping[str, float]
"""Stage to the seconds that it took."""


@dataclass(frozen=True, slots=True)
class NoEta:
    """Why nothing can be said."""

    reason: Literal["NoHistoryYet", "Overtaken", "MachineAway"]


@dataclass(frozen=True, slots=True)
class RunSoFar:
    """A run that goes on."""

    done: Durations
    """Stages that have ended."""
    running: Durations
    """Stages that work now, and for how long."""
    above: Mapping[str, Sequence[str]]
    """Stages that have not ended, to those of them that each waits for."""


def run_eta(past: Sequence[Durations], run: RunSoFar) -> Eta | NoEta:
    """How long it still works; `past`: runs of its pipeline that ended well, the oldest first."""
    usable = [one for one in past if one.keys() >= {*run.done, *run.above}][-RUNS_KEPT:]
    if len(usable) < FEWEST_RUNS:
        return NoEta("NoHistoryYet")
    rest = [_longest_path(one, run) for one in usable]
    before = [sum(one[stage] for stage in run.done) for one in usable]
    slope = _slope(before, rest)
    took = sum(run.done.values())
    return eta_of(
        [
            left * (took / ended) ** slope if ended > 0 and took > 0 else left
            for left, ended in zip(rest, before, strict=True)
        ]
    )


def _longest_path(durations: Durations, run: RunSoFar) -> float:
    """Of what has not ended, along what waits for what."""
    ends: dict[str, float] = {}
    for stage, above in run.above.items():
        begin = max((ends[name] for name in above if name in ends), default=0.0)
        left = max(0.0, durations[stage] - run.running.get(stage, 0.0))
        ends[stage] = begin + left
    return max(ends.values(), default=0.0)


def _slope(done: Sequence[float], rest: Sequence[float]) -> float:
    pairs = [(math.log(d), math.log(r)) for d, r in zip(done, rest, strict=True) if d > 0 and r > 0]
    try:
        slope = linear_regression([d for d, _ in pairs], [r for _, r in pairs]).slope
    except StatisticsError:  # too few, or all alike
        return 0.0
    return min(1.0, max(0.0, slope))
