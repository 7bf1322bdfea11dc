"""A run stays small: nine stages in 10 KB, and the worst there can be in 96 KiB."""

import orjson

from stagework.api import names
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.stage_status import (
    EARLIER_KEPT,
    LOG_LINE_BYTES,
    Approval,
    Commit,
    EndedAttempt,
    StageStatus,
    artifact_prefix,
)
from stagework.cluster.patches import JSON_OPTIONS, stored_document
from stagework.plans.pipelinejob.run_status import run_status
from tests.support.builders import NAMESPACE, T0, after, make_run

UID = "3b87ab59-0000-4000-8000-000000000001"


def _written(stages: list[StageStatus]) -> bytes:
    run = make_run(status=PipelineJobStatus(startTime=T0))
    status = run_status(run, stages, [], after(99))
    return orjson.dumps(stored_document(status), option=JSON_OPTIONS)


def _succeeded(name: str) -> StageStatus:
    prefix = artifact_prefix(NAMESPACE, UID, stage=name, attempt=1, pod=UID)
    return StageStatus(
        name=name,
        state="Succeeded",
        job=f"ad-3b87-{name}-1-0123abcd",
        jobUid=UID,
        machine="macmini",
        node="stagework-worker2",
        startTime=T0,
        completionTime=after(9),
        commit=Commit(attempt=1, pod=UID, digest="d" * 64, prefix=prefix),
    )


def _failed(number: int) -> StageStatus:
    """All that can be said of a stage, in the longest words."""
    reason = names.START_DEADLINE
    ended = EndedAttempt(attempt=1, reason=reason, exitCode=137, time=T0)
    return StageStatus(
        name=f"s{number:039}",
        state="Failed",
        reason=reason,
        message="m" * 512,
        attempt=5,
        failures=5,
        interruptions=5,
        job="j" * 63,
        jobUid=UID,
        machine="m" * 31,
        node="n" * 63,
        pod=UID,
        turnTime=T0,
        startTime=T0,
        completionTime=T0,
        exitCode=137,
        logLine="l" * LOG_LINE_BYTES,
        earlier=[ended] * EARLIER_KEPT,
    )


def test_nine_stages_are_less_than_10_kb() -> None:
    assert len(_written([_succeeded(f"stage{n}") for n in range(9)])) < 10_000


def test_the_worst_run_is_less_than_96_kib() -> None:
    assert len(_written([_failed(number) for number in range(64)])) < 96 * 1024


def test_where_every_stage_was_approved_it_is_less_than_128_kib() -> None:
    record = Approval(by="b" * 128, at=T0, reason="r" * 128)

    assert len(_written([_failed(n).evolve(approval=record) for n in range(64)])) < 128 * 1024


def test_its_stages_still_say_what_is_wrong() -> None:
    causes = [_failed(n).evolve(message="no font: " + "m" * 900 + " in page 7") for n in range(64)]

    stages = orjson.loads(_written(causes))["stages"]

    assert {stage["message"][:9] for stage in stages} == {"no font: "}
    assert {stage["message"][-10:] for stage in stages} == {" in page 7"}
