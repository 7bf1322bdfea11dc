"""Facts with valid defaults; each test says what differs."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from stagework.api.background_jobs import BackgroundJob
from stagework.api.estimates import Eta
from stagework.api.facts import AttemptFact, BatchFact, InterventionFact, RunFact
from stagework.api.history import FailedStage
from stagework.policies.chunks.earlier import Said

START: Final = datetime(2026, 11, 30, 9, tzinfo=UTC)
"""When the tests' stories begin."""


def minute(number: float) -> datetime:
    """So many minutes after the start."""
    return START + timedelta(minutes=number)


def run_fact(uid: str = "run-1", **fields: Any) -> RunFact:
    """A run that was just accepted."""
    defaults: dict[str, Any] = {
        "at": START,
        "namespace": "team",
        "name": f"name-of-{uid}",
        "created": START,
        "state": "Queued",
        "stages": 2,
    }
    return RunFact(uid=uid, **{**defaults, **fields})


def attempt_fact(
    uid: str = "run-1", stage: str = "ocr", number: int = 1, **fields: Any
) -> AttemptFact:
    """An attempt of which nothing is known yet."""
    defaults: dict[str, Any] = {"at": START, "namespace": "team"}
    return AttemptFact(uid=uid, stage=stage, attempt=number, **{**defaults, **fields})


def failure(uid: str = "run-1", stage: str = "ocr", number: int = 1, **fields: Any) -> AttemptFact:
    """An attempt that has failed, the last of its stage."""
    defaults: dict[str, Any] = {"ended": START, "outcome": "Failed", "reason": "ExitCode"}
    return attempt_fact(uid, stage, number, **{**defaults, **fields})


def batch_fact(uid: str = "batch-1", **fields: Any) -> BatchFact:
    """One that has ended."""
    defaults: dict[str, Any] = {
        "at": START,
        "namespace": "team",
        "name": f"name-of-{uid}",
        "pipeline": "photos",
        "revision": "1",
        "created": START,
        "started": START,
        "ended": minute(10),
        "state": "Completed",
        "total": 100,
        "done": 100,
    }
    return BatchFact(uid=uid, **{**defaults, **fields})


def background_job(uid: str = "job-1", **fields: Any) -> BackgroundJob:
    """One that has just begun."""
    defaults: dict[str, Any] = {
        "namespace": "team",
        "kind": "reindex",
        "label": "",
        "state": "running",
        "processed": 0,
        "total": None,
        "started": START,
        "heartbeat": START,
        "ended": None,
        "error": "",
        "machine": "",
    }
    return BackgroundJob(id=uid, **{**defaults, **fields})


def intervention_fact(uid: str = "iv-1", run: str = "run-1", **fields: Any) -> InterventionFact:
    """A Retry that was done."""
    defaults: dict[str, Any] = {
        "at": START,
        "namespace": "team",
        "name": f"name-of-{uid}",
        "verb": "Retry",
        "asked": START,
        "affected": 1,
        "answer": "Done",
    }
    return InterventionFact(uid=uid, run=run, **{**defaults, **fields})


def failed_stage(attempt: AttemptFact, run: RunFact | None) -> FailedStage:
    """A failed stage as people see it; its run may not be known (yet)."""
    title = (run.title or run.subject or run.name) if run is not None else attempt.uid
    return FailedStage(
        id=f"{attempt.uid}/{attempt.stage}/{attempt.attempt}",
        namespace=attempt.namespace,
        run=run.name if run is not None else "",
        uid=attempt.uid,
        pipeline=attempt.pipeline,
        tenant=run.tenant if run is not None else "",
        stage=attempt.stage,
        subject=run.subject if run is not None else "",
        title=title,
        attempts=attempt.attempt,
        maxAttempts=attempt.maxAttempts,
        reason=attempt.reason,
        message=attempt.message,
        machine=attempt.machine,
        node=attempt.node,
        failedAt=attempt.ended,
    )


def judged_batches(
    count: int,
    *,
    mark: int,
    true_seconds: int,
    begun: int = 0,
    name: str = "judged",
    **fields: Any,
) -> list[BatchFact]:
    """So many, of which at that mark 200 to 400 s were said, and so many seconds were true."""
    said_at = START + timedelta(seconds=begun)
    return [
        batch_fact(
            f"{name}-{place}",
            estimates=Said(mark, 200.0, Eta(200.0, 400.0), int(said_at.timestamp())).line,
            ended=said_at + timedelta(seconds=true_seconds),
            **fields,
        )
        for place in range(count)
    ]
