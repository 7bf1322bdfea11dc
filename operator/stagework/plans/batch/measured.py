"""What chunks have taken, as the status keeps it: one short line each, the oldest first."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from stagework.api.batch import BatchStatus
from stagework.api.packed_chunk import Chunk
from stagework.plans.batch.snapshot import ChildRun, Folded
from stagework.policies.chunks.fit import Fit, History, fit
from stagework.policies.chunks.observed import SHORTEST_SECONDS, ObservedChunk

KEPT: Final = 50
"""Chunks kept, of all classes together."""
_WORDS: Final = 4
_UNKNOWN: Final = "-"
_CLASS_LETTERS: Final = 31


def with_measured(
    status: BatchStatus, chunk: Chunk, child: ChildRun, folded: Folded
) -> BatchStatus:
    """With one more; without, where its time is not known."""
    times = [stage.seconds for stage in child.stages if stage.seconds is not None]
    if not times or not child.machine:
        return status
    span = _UNKNOWN if folded.span_seconds is None else f"{folded.span_seconds:.1f}"
    machine = child.machine[:_CLASS_LETTERS]
    line = f"{machine} {chunk.count} {max(sum(times), SHORTEST_SECONDS):.1f} {span}"
    return status.evolve(measured=[*status.measured, line][-KEPT:])


def observed_of(lines: Sequence[str]) -> list[tuple[str, ObservedChunk]]:
    """Class and what was measured; a line that the operator did not write counts for nothing."""
    observed: list[tuple[str, ObservedChunk]] = []
    for line in lines:
        words = line.split(" ")
        try:
            machine, items, seconds, span = words if len(words) == _WORDS else ("", "", "", "")
            known = None if span == _UNKNOWN else float(span)
            observed.append((machine, ObservedChunk(int(items), float(seconds), known)))
        except ValueError:
            continue
    return observed


def fits_of(status: BatchStatus, priors: Mapping[str, History]) -> dict[str, Fit | None]:
    """What a chunk costs, by class."""
    observed = observed_of(status.measured)
    machines = {*(machine for machine, _ in observed), *priors}
    return {
        machine: fit([chunk for at, chunk in observed if at == machine], priors.get(machine))
        for machine in sorted(machines)
    }


def usual_class(status: BatchStatus, priors: Iterable[str] = ()) -> str:
    """On which most of the chunks have worked, else the first on which those of earlier batches
    have; empty where nothing is known.
    """
    counted = Counter(machine for machine, _ in observed_of(status.measured))
    return counted.most_common(1)[0][0] if counted else min(priors, default="")
