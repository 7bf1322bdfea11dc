"""PipelineJobs as the operator would have written them: valid by default, one call a change."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from stagework.api import names
from stagework.api.base import Metadata
from stagework.api.conditions import Condition
from stagework.api.pipelinejob import PipelineJob, PipelineJobSpec, PipelineJobStatus, PipelineRef
from stagework.api.stage_status import (
    Commit,
    SkipRecord,
    StageState,
    StageStatus,
    artifact_prefix,
)
from stagework.plans.pipelinejob.run_status import run_status

BEGIN = datetime(2026, 11, 3, 9, 0, 0, tzinfo=UTC)
"""When every run was made and accepted."""
UID = "3b87ab59-0000-4000-8000-000000000001"


def at(seconds: float) -> datetime:
    """So long after BEGIN."""
    return BEGIN + timedelta(seconds=seconds)


def stage(
    name: str,
    state: StageState = "Waiting",
    *,
    reason: str = "",
    message: str = "",
    attempt: int = 1,
    machine: str = "gpu",
    node: str = "",
    start: float | None = None,
    end: float | None = None,
    prefix: str = "",
    digest: str = "",
    skip: Literal["", "NotRun", "Run"] = "",
) -> StageStatus:
    """One stage's status; times in seconds after BEGIN; `skip`: a person did, with what below."""
    _, _, pod = prefix.rpartition(f"/{attempt}-")
    commit = Commit(attempt=attempt, pod=pod, prefix=prefix, digest=digest) if prefix else None
    return StageStatus(
        name=name,
        state=state,
        reason=reason,
        message=message,
        attempt=attempt,
        machine=machine,
        node=node,
        startTime=None if start is None else at(start),
        completionTime=None if end is None else at(end),
        commit=commit,
        skip=SkipRecord(by="ops", descendants=skip) if skip else None,
    )


def run_of(
    *stages: StageStatus,
    name: str = "ad-1",
    namespace: str = "default",
    uid: str = UID,
    summary: str = names.RUNNING,
    message: str = "",
    age: float = 0,
    end: float | None = None,
    tenant: str = "",
    pipeline: str = "ad-image",
    title: str = "",
    suspend: bool = False,
) -> PipelineJob:
    """A run as the operator writes it, but with this summary; made `age` seconds before BEGIN."""
    made = BEGIN - timedelta(seconds=age)
    spec = PipelineJobSpec(
        pipelineRef=PipelineRef(name=pipeline), tenant=tenant, title=title, suspend=suspend
    )
    run = _accepted(spec, name, namespace, uid, made)
    status = run_status(run, stages, [], made) if stages else run.status
    overrides = {
        "observedGeneration": 1,
        "conditions": [_verdict(summary, message, made)],
        "summary": summary,
        "message": message,
        "startTime": made,
        "completionTime": None if end is None else at(end),
    }
    return run.model_copy(update={"status": status.model_copy(update=overrides)})


def _verdict(summary: str, message: str, moment: datetime) -> Condition:
    """The condition Succeeded that goes with the summary."""
    good = (names.COMPLETED, names.COMPLETED_WITH_SKIPS)
    bad = (names.STAGE_FAILED, names.STOPPED, names.DEADLINE_EXCEEDED, names.INVALID_SPEC)
    return Condition(
        type=names.SUCCEEDED,
        status="True" if summary in good else "False" if summary in bad else "Unknown",
        reason=summary,
        message=message,
        lastTransitionTime=moment,
    )


def written_run(*stages: StageStatus, name: str, suspend: bool = False) -> PipelineJob:
    """A run all of whose status is the operator's own word on these stages, a minute later.

    What its stages left is below the run's own prefix, whatever run they were built for.
    """
    spec = PipelineJobSpec(pipelineRef=PipelineRef(name="any"), suspend=suspend)
    run = _accepted(spec, name, "default", f"uid-of-{name}", BEGIN)
    own = [_committed_by(run.metadata, stage) for stage in stages]
    return run.model_copy(update={"status": run_status(run, own, [], at(60))})


def _committed_by(meta: Metadata, stage: StageStatus) -> StageStatus:
    commit = stage.commit
    if commit is None:
        return stage
    prefix = artifact_prefix(
        meta.namespace, meta.uid, stage=stage.name, attempt=commit.attempt, pod=commit.pod
    )
    own = commit.model_copy(update={"prefix": prefix})
    return stage.model_copy(update={"commit": own})


def _accepted(
    spec: PipelineJobSpec, name: str, namespace: str, uid: str, made: datetime
) -> PipelineJob:
    return PipelineJob(
        metadata=Metadata(
            name=name, namespace=namespace, uid=uid, creationTimestamp=made, resourceVersion="7"
        ),
        spec=spec,
        status=PipelineJobStatus(startTime=made),
    )


def new_run(name: str = "ad-1") -> PipelineJob:
    """A run that the operator has not seen."""
    return run_of(name=name).model_copy(update={"status": PipelineJobStatus()})
