"""What a row of the table `jobs` shows of its run."""

from dataclasses import dataclass
from typing import Final

from stagework.api import names
from stagework.api.job_rows import ROW_DONE, ROW_FAILED, ROW_QUEUED, ROW_RUNNING
from stagework.api.pipelinejob import PipelineJob
from stagework.api.text import one_line
from stagework.overview.run_end import RunEnd, run_end
from stagework.overview.states import run_word, tone

_BEFORE: Final = frozenset({names.STAGE_WAITING, names.STAGE_DEFERRED})
"""States of a stage that has not had its turn."""


@dataclass(frozen=True, slots=True)
class RowState:
    """What the listener writes into a row."""

    status: str
    """One of `ROW_STATUSES`."""
    step: str
    """The stage at work or next, the one that failed, or the last."""
    error: str = ""
    """What is wrong, as a sentence; empty where nothing is."""


def row_state(run: PipelineJob) -> RowState:
    """The run as it is now."""
    end = run_end(run)
    stage = run.status.current_stage
    step = end.stage or (stage.name if stage is not None else "")
    return RowState(_status(run, end), step, one_line(_error(run, end)))


def _status(run: PipelineJob, end: RunEnd) -> str:
    match end.kind:
        case "Succeeded":
            return ROW_DONE
        case "Failed":
            return ROW_FAILED
        case "Active":
            return ROW_RUNNING if _begun(run) else ROW_QUEUED


def _begun(run: PipelineJob) -> bool:
    """A stage has had its turn; Jobs that are made ahead of it do not count."""
    return any(stage.state not in _BEFORE for stage in run.status.stages)


def _error(run: PipelineJob, end: RunEnd) -> str:
    if end.kind == "Failed":
        return f"{end.reason}: {end.message}" if end.message else end.reason
    word = run_word(run)
    needs_a_person = end.kind == "Active" and tone(word) == "bad"
    return f"{word}: {run.status.message}" if needs_a_person else ""
