"""The one word that says where a run or a stage stands, and how it is toned."""

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob, StageStatus
from stagework.overview.tables import Tone

NEW = "New"
"""A run that the operator has not looked at yet."""
DELETING = "Deleting"
"""A run that somebody has deleted and whose children are still being removed."""

_GOOD = frozenset({names.COMPLETED, names.COMPLETED_WITH_SKIPS, names.STAGE_SUCCEEDED})
_BUSY = frozenset({names.RUNNING, names.STAGE_RUNNING, names.STAGE_STARTING})
_BAD = frozenset(
    {
        names.STAGE_FAILED,
        names.STAGE_FAILED_STATE,
        names.INVALID_SPEC,
        names.PIPELINE_NOT_FOUND,
    }
)
_WAIT = frozenset({names.QUEUED, names.WAITING, names.SUSPENDED, NEW})

DONE_STATES = frozenset(
    {names.STAGE_SUCCEEDED, names.STAGE_SKIPPED, names.STAGE_FAILED_STATE, names.STAGE_NOT_RUN}
)
"""States that a stage leaves only when a person asks for it."""


def run_word(job: PipelineJob) -> str:
    """Where the run stands: `status.summary`, as the STATUS column of kubectl shows it."""
    if job.metadata.deletionTimestamp is not None:
        return DELETING
    return job.status.summary or NEW


def tone(word: str) -> Tone:
    """How a state's word is toned; words of a newer operator stay plain."""
    if word in _GOOD:
        return "good"
    if word in _BAD:
        return "bad"
    if word in _BUSY:
        return "busy"
    return "wait" if word in _WAIT else "plain"


def counted(job: PipelineJob) -> tuple[int, int]:
    """Finished stages and all stages, from the stages themselves."""
    return sum(each.state in DONE_STATES for each in job.status.stages), len(job.status.stages)


def current(job: PipelineJob) -> StageStatus | None:
    """The stage to speak of: one that runs, else starts, else failed, else the next that waits."""
    for wanted in (
        names.STAGE_RUNNING,
        names.STAGE_STARTING,
        names.STAGE_FAILED_STATE,
        names.STAGE_WAITING,
    ):
        for each in job.status.stages:
            if each.state == wanted:
                return each
    return None
