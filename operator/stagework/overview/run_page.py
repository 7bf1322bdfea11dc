"""One run as a page draws it: its stages with what they depend on, times, and what to do next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob
from stagework.api.stage_status import StageStatus
from stagework.overview.attempts import last_begun
from stagework.overview.detail import StageRow, Wait, detail
from stagework.overview.queue.slot_waits import SlotWait
from stagework.overview.rows import RunRow
from stagework.policies.next_step import step_of_run, step_of_stage


@dataclass(frozen=True, slots=True)
class NextStep:
    """What a person can do."""

    sentence: str
    command: str
    """As it can be pasted; empty where nothing needs to be typed."""


@dataclass(frozen=True, slots=True)
class StageNode:
    """A stage in the graph of its run."""

    row: StageRow
    depends_on: tuple[str, ...]
    column: int
    """How many stages stand one behind the other before it."""
    started_at: datetime | None
    ended_at: datetime | None
    max_attempts: int
    """0: not known."""
    log_attempt: int
    """Whose log there is to read; 0: none has begun."""
    failed_id: str
    """Under which it can be retried or skipped; empty where it has not failed."""
    prefix: str
    """Where its committed artifacts lie; empty: it has none."""
    step: NextStep


@dataclass(frozen=True, slots=True)
class RunPage:
    """All that a page about one run shows."""

    generated_at: datetime
    uid: str
    row: RunRow
    title: str
    pipeline: str
    ended: bool
    made_at: datetime
    stages: tuple[StageNode, ...]
    waits: tuple[Wait, ...]
    slot_waits: tuple[SlotWait, ...]
    """Of stages that wait for a machine: who is before them."""
    step: NextStep


def run_page(
    run: PipelineJob,
    dependencies: Mapping[str, Sequence[str]],
    max_attempts: Mapping[str, int],
    now: datetime,
    slot_waits: Sequence[SlotWait] = (),
) -> RunPage:
    """As of now; `dependencies` and `max_attempts` by stage, empty where nobody knows them."""
    shown, flag = detail(run, now), f" -n {run.metadata.namespace}"
    columns = _columns([row.stage for row in shown.stages], dependencies)
    step = step_of_run(run, shown.row.status, run.status.stages, flag)
    return RunPage(
        generated_at=now,
        uid=run.metadata.uid,
        row=shown.row,
        title=shown.title or run.metadata.name,
        pipeline=shown.pipeline,
        ended=run.status.ended,
        made_at=run.metadata.creationTimestamp,
        stages=tuple(
            _node(
                *(run, stage, row, columns[row.stage]),
                depends_on=tuple(dependencies.get(row.stage, ())),
                max_attempts=max_attempts.get(row.stage, 0),
            )
            for stage, row in zip(run.status.stages, shown.stages, strict=True)
        ),
        waits=shown.waits,
        slot_waits=tuple(slot_waits),
        step=NextStep(step.sentence, step.command),
    )


def _node(
    run: PipelineJob,
    stage: StageStatus,
    row: StageRow,
    column: int,
    *,
    depends_on: tuple[str, ...],
    max_attempts: int,
) -> StageNode:
    has_begun = stage.startTime is not None or stage.attempt > 1
    failed = stage.state == names.STAGE_FAILED_STATE
    return StageNode(
        row=row,
        depends_on=depends_on,
        column=column,
        started_at=stage.startTime,
        ended_at=stage.completionTime,
        max_attempts=max_attempts,
        log_attempt=last_begun(stage) if has_begun else 0,
        failed_id=f"{run.metadata.uid}/{row.stage}/{row.attempt}" if failed else "",
        prefix=stage.commit.prefix if stage.commit is not None else "",
        step=_step(run, stage),
    )


def _step(run: PipelineJob, stage: StageStatus) -> NextStep:
    """Nothing of one that is done, or at work for no reason that was given."""
    if stage.done or not stage.reason:
        return NextStep("", "")
    step = step_of_stage(run, stage, f" -n {run.metadata.namespace}")
    return NextStep(step.sentence, step.command)


def _columns(stages: Sequence[str], dependencies: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """One more than the deepest of those above; without dependencies one behind the other."""
    if not dependencies:
        return {stage: place for place, stage in enumerate(stages)}
    found: dict[str, int] = {}
    for stage in dependencies:  # a stage stands behind those that it names
        found[stage] = 1 + max((found.get(name, -1) for name in dependencies[stage]), default=-1)
    return {stage: found.get(stage, 0) for stage in stages}
