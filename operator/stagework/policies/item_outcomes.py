"""What became of each item of a chunk whose run has ended?

Stage by stage, in the run's order:
1. A stage that says Failed, Refused or Skipped of an item has settled it: no later one is asked.
2. A stage that says Succeeded of it has let it pass, whatever became of the stage.
3. A stage that says nothing of it has let it pass where it succeeded or was skipped; otherwise the
   item went no further.
An item that has passed all of them is Done, one that went no further fails with the run's reason.
Where the run succeeded, what no stage has settled is Done. An outcome is an item's own where a
stage has settled it, or where it passed all and at least one has named it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from stagekit import contract
from stagework.api import names
from stagework.api.batch_book import DONE, FAILED, SKIPPED

OUTPUTS_MAX: Final = 8
"""So many addresses of outputs are kept of an item."""
SECONDS_DIGITS: Final = 3
"""Times are kept to the millisecond: more is what binary fractions leave of a difference."""
_PASSED: Final = frozenset({names.STAGE_SUCCEEDED, names.STAGE_SKIPPED})
_STATES: Final = {
    contract.OUTCOME_FAILED: FAILED,
    contract.OUTCOME_REFUSED: FAILED,
    contract.OUTCOME_SKIPPED: SKIPPED,
}


@dataclass(frozen=True, slots=True)
class SaidOfItem:
    """A line of a stage's `outcomes.jsonl` about an item of a batch."""

    state: str
    reason: str = ""
    message: str = ""
    at: float | None = None
    """Seconds since the stage began."""
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EndedStage:
    """How a stage of the run ended, and what it says of items by their numbers, as they ended."""

    state: str
    prefix: str = ""
    machine: str = ""
    said: Mapping[int, SaidOfItem] = field(default_factory=dict[int, SaidOfItem])


@dataclass(frozen=True, slots=True)
class EndedRun:
    """How the chunk's run ended."""

    succeeded: bool
    reason: str
    message: str
    stages: Sequence[EndedStage]


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of an item."""

    number: int
    state: str
    reason: str = ""
    message: str = ""
    own: bool = False
    machine: str = ""
    seconds: float | None = None
    outputs: tuple[str, ...] = ()


def results(numbers: Sequence[int], run: EndedRun) -> list[ItemResult]:
    """Of every item of the chunk."""
    took = [_took(stage) for stage in run.stages]
    return [_result(number, run, took) for number in numbers]


def first_to_last_seconds(stages: Sequence[EndedStage]) -> float | None:
    """From the first item's end to the last one's, over all stages; None where nothing tells."""
    spans: list[float] = []
    for stage in stages:
        times = [said.at for said in stage.said.values() if said.at is not None]
        if len(times) > 1:
            spans.append(max(times) - min(times))
    return round(sum(spans), SECONDS_DIGITS) if spans else None


def _result(number: int, run: EndedRun, took: Sequence[Mapping[int, float]]) -> ItemResult:
    naming = [stage for stage in run.stages if number in stage.said]
    seconds = [spans[number] for spans in took if number in spans]
    machine = naming[-1].machine if naming else _last_machine(run.stages)
    total = round(sum(seconds), SECONDS_DIGITS) if seconds else None
    for stage in run.stages:
        said = stage.said.get(number)
        state = _STATES.get(said.state) if said is not None else None
        if said is not None and state is not None:
            return ItemResult(
                number,
                state,
                said.reason,
                said.message,
                True,
                machine,
                total,
                _outputs(naming, number),
            )
        passes = said is not None or stage.state in _PASSED or run.succeeded
        if not passes:
            return _stopped(number, run, machine, total)
    if not run.succeeded and not naming:
        return _stopped(number, run, machine, total)
    outputs = _outputs(run.stages, number)
    return ItemResult(number, DONE, "", "", bool(naming), machine, total, outputs)


def _stopped(number: int, run: EndedRun, machine: str, seconds: float | None) -> ItemResult:
    return ItemResult(number, FAILED, run.reason, run.message, False, machine, seconds)


def _outputs(stages: Sequence[EndedStage], number: int) -> tuple[str, ...]:
    """What stages name as the item's files; where none does, all that the last one has left."""
    named = [
        f"artifact://{stage.prefix}/{path}"
        for stage in stages
        if stage.prefix and (said := stage.said.get(number)) is not None
        for path in said.outputs
    ]
    if named:
        return tuple(named[:OUTPUTS_MAX])
    last = next((stage.prefix for stage in reversed(stages) if stage.prefix), "")
    return (f"artifact://{last}/",) if last else ()


def _took(stage: EndedStage) -> dict[int, float]:
    """Each item's time: from the end of the one before it, or the stage's begin, to its own."""
    spans: dict[int, float] = {}
    before = 0.0
    for number, said in stage.said.items():
        if said.at is not None:
            spans[number] = max(0.0, said.at - before)
            before = max(before, said.at)
    return spans


def _last_machine(stages: Sequence[EndedStage]) -> str:
    return next((stage.machine for stage in reversed(stages) if stage.machine), "")
