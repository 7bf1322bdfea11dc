"""The list of runs: the columns of `kubectl get pj`, and some more."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from stagework.api.pipelinejob import PipelineJob
from stagework.overview.states import run_word
from stagework.overview.times import elapsed_seconds


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as a row."""

    namespace: str
    name: str
    status: str
    """Where it stands, as one word."""
    stage: str
    """The current stage, and how many more are at work."""
    done: int
    """Stages that succeeded or were skipped."""
    total: int
    """All stages; 0 before the run was accepted."""
    machine: str
    """Machine class of the current stage."""
    node: str
    age_seconds: float
    """Since it was made."""
    elapsed_seconds: float
    """From its begin to its end, or to now."""
    retries: int
    """Attempts beyond the first, over all stages."""
    message: str
    title: str
    """The name where a person gave none."""
    tenant: str


def row(run: PipelineJob, now: datetime) -> RunRow:
    """The run as it is now."""
    status = run.status
    return RunRow(
        namespace=run.metadata.namespace,
        name=run.metadata.name,
        status=run_word(run),
        stage=status.stage,
        done=status.done_count,
        total=len(status.stages),
        machine=status.machine,
        node=status.node,
        age_seconds=(now - run.metadata.creationTimestamp).total_seconds(),
        elapsed_seconds=elapsed_seconds(run, now),
        retries=status.retries,
        message=status.message,
        title=run.spec.title or run.metadata.name,
        tenant=run.spec.tenant,
    )


def rows(runs: Iterable[PipelineJob], now: datetime) -> list[RunRow]:
    """One row a run, by namespace and age, the oldest first."""
    ordered = sorted(
        runs,
        key=lambda run: (
            run.metadata.namespace,
            run.metadata.creationTimestamp,
            run.metadata.name,
        ),
    )
    return [row(run, now) for run in ordered]
