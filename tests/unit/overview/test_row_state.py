"""What a row shows of its run."""

import pytest

from stagework.api.pipelinejob import PipelineJob
from stagework.overview.row_state import RowState, row_state
from tests.support.builders.written_runs import new_run, run_of, stage

WAITS = stage("img_gen", reason="QueuedForSlot", message="position 3 of 7 for gpu")
FIRST = stage("img_gen", "Succeeded", start=0, end=5)
BROKEN = stage("overlay", "Failed", start=6, end=7, reason="NonZeroExit", message="no\nfont")
RUNS: dict[str, tuple[PipelineJob, RowState]] = {
    "not seen by the operator": (new_run(), RowState("queued", "")),
    "its first stage waits": (run_of(WAITS, summary="Queued"), RowState("queued", "img_gen")),
    "its first stage is deferred": (
        run_of(stage("img_gen", "Deferred"), summary="Deferred"),
        RowState("queued", "img_gen"),
    ),
    "its first stage starts": (
        run_of(stage("img_gen", "Starting"), summary="Starting"),
        RowState("running", "img_gen"),
    ),
    "its second stage waits": (
        run_of(FIRST, stage("overlay"), summary="Waiting", message="position 2"),
        RowState("running", "overlay"),
    ),
    "it is stuck": (
        run_of(stage("img_gen", "Stuck"), summary="Stuck", message="no such image"),
        RowState("running", "img_gen", "Stuck: no such image"),
    ),
    "its Pipeline is not there": (
        run_of(summary="PipelineNotFound", message="there is no Pipeline ad"),
        RowState("queued", "", "PipelineNotFound: there is no Pipeline ad"),
    ),
    "it is done": (run_of(FIRST, summary="Completed", end=9), RowState("done", "img_gen")),
    "a stage has failed": (
        run_of(FIRST, BROKEN, stage("ocr", "NotRun"), summary="StageFailed", end=9),
        RowState("failed", "overlay", "StageFailed: no font"),
    ),
    "a person has stopped it": (
        run_of(FIRST, stage("ocr", "NotRun"), summary="Stopped", message="by ops", end=9),
        RowState("failed", "ocr", "Stopped: by ops"),
    ),
}


@pytest.mark.parametrize("what", RUNS)
def test_a_row_shows(what: str) -> None:
    run, shown = RUNS[what]
    assert row_state(run) == shown
