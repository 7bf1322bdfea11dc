"""The one word that says where a run or a stage stands, and what kind of word it is."""

from typing import Literal

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob

Tone = Literal["plain", "good", "busy", "wait", "bad"]
"""What a colour may add: good = done, busy = works, wait = held up, bad = needs a person."""

NEW = "New"
"""A run that the operator has not reconciled yet."""

_GOOD = frozenset({names.COMPLETED, names.COMPLETED_WITH_SKIPS, names.STAGE_SUCCEEDED})
_BUSY = frozenset(
    {names.RUNNING, names.STAGE_RUNNING, names.STAGE_STARTING, names.FREEZING, names.STOPPING}
)
_BAD = frozenset(
    {
        names.STAGE_FAILED,
        names.DEADLINE_EXCEEDED,
        names.STAGE_FAILED_STATE,
        names.INVALID_SPEC,
        names.PIPELINE_NOT_FOUND,
        names.STOPPED,
        names.STUCK,
        names.INVALID_ITEMS,
        names.TOO_MANY_FAILED_ITEMS,
        names.NOTHING_DONE,
    }
)
_WAIT = frozenset(
    {
        names.QUEUED,
        names.WAITING,
        names.SUSPENDED,
        names.AWAITING_APPROVAL,
        names.DEFERRED,
        names.AWAY,
        names.SOURCE_NOT_READY,
        names.ARTIFACTS_UNAVAILABLE,
        names.COMPLETED_WITH_FAILURES,
        NEW,
    }
)


def run_word(run: PipelineJob) -> str:
    """Where the run stands: `status.summary`, as the STATUS column of kubectl shows it."""
    if run.metadata.deletionTimestamp is not None:
        return names.DELETING
    return run.status.summary or NEW


def tone(word: str) -> Tone:
    """How a state's word is toned; words of a newer operator stay plain."""
    if word in _GOOD:
        return "good"
    if word in _BAD:
        return "bad"
    if word in _BUSY:
        return "busy"
    return "wait" if word in _WAIT else "plain"
