"""Rows of work, from a run as it is now."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from stagework.api import names
from stagework.api.pipeline import effective_dependencies
from stagework.api.pipelinejob import PipelineJob
from stagework.api.stage_status import StageStatus
from stagework.api.stages import Stage
from stagework.overview.queue.places import Places
from stagework.overview.queue.titles import document_id, title_of
from stagework.overview.queue.work import Work, WorkState


@dataclass(frozen=True, slots=True)
class Origin:
    """When a stage came into the queue, and when it could have run."""

    created_at: datetime
    due_at: datetime


def state_of(stage: StageStatus, may_be_away: Callable[[], bool]) -> WorkState | None:
    """Where the stage stands in the queue; None: it is in no queue, for others come first, it was
    skipped, is not run, or was stopped with its run.

    `may_be_away`: whether machines of a class of its come and go.
    """
    match stage.state:
        case names.STAGE_WAITING:
            return _waiting_state(stage, may_be_away)
        case names.STAGE_DEFERRED:
            return "deferred"
        case names.STAGE_SUCCEEDED:
            return "done"
        case names.STAGE_FAILED_STATE:
            return None if stage.stopped else "failed"
        case names.STAGE_STUCK:
            return "stuck"
        case _:
            return "processing" if stage.active else None


def _waiting_state(stage: StageStatus, may_be_away: Callable[[], bool]) -> WorkState | None:
    match stage.reason:
        case names.WAIT_DEPENDENCY:
            return None
        case names.WAIT_SUSPENDED | names.WAIT_APPROVAL:
            return "held"
        case names.WAIT_NO_NODE:
            return "deferred" if may_be_away() else "pending"
        case _:
            return "pending"


def work_of(
    run: PipelineJob,
    stages: Sequence[Stage],
    places: Places,
    known: Mapping[str, Work] | None = None,
) -> list[Work]:
    """The run's rows; `stages`: as its revision has them, or none where nobody could read that.

    `known`: its rows of before, by stage; what is done stays as it was.
    """
    if run.metadata.deletionTimestamp is not None:
        return []
    builder = _Builder(run, {stage.name: stage for stage in stages}, places)
    rows: list[Work] = []
    for position, stage in enumerate(run.status.stages):
        before = known.get(stage.name) if known else None
        if before is not None and _is_done_still(before, stage):
            rows.append(before)
        else:
            rows += builder.rows(position, stage)
    return rows


def _is_done_still(before: Work, stage: StageStatus) -> bool:
    return (
        before.state == "done"
        and stage.state == names.STAGE_SUCCEEDED
        and before.attempt == stage.attempt
    )


class _Builder:
    """Makes rows of one run; what all of them share is worked out when the first one needs it."""

    def __init__(self, run: PipelineJob, specs: Mapping[str, Stage], places: Places) -> None:
        self._run = run
        self._specs = specs
        self._places = places

    def rows(self, position: int, stage: StageStatus) -> Iterator[Work]:
        """The row of a stage that is in the queue, or through it."""
        spec = self._specs.get(stage.name)
        classes = tuple(spec.runsOn) if spec is not None else ()
        state = state_of(stage, lambda: self._places.may_be_away(stage.name, classes))
        if state is None:
            return
        run, meta = self._run, self._run.metadata
        origin = self._origin(stage)
        yield Work(
            run_uid=meta.uid,
            namespace=meta.namespace,
            run=meta.name,
            stage=stage.name,
            position=position,
            attempt=stage.attempt,
            max_attempts=spec.retries + 1 if spec is not None else 0,
            state=state,
            classes=classes,
            machine=stage.machine,
            document_id=document_id(run),
            title=self._title,
            created_at=origin.created_at,
            due_at=origin.due_at,
            turn_at=stage.turnTime,
            started_at=stage.startTime,
            ended_at=stage.completionTime,
            fallback_at=_fallback(stage, spec),
            pipeline=run.spec.pipelineRef.name if run.spec.pipelineRef is not None else "",
            error="" if state in ("done", "processing") else stage.cause,
        )

    @cached_property
    def _title(self) -> str:
        return title_of(self._run)

    @cached_property
    def _above(self) -> Mapping[str, Sequence[str]]:
        """Names of the stages that each waits for; where nobody can tell, all that stand above."""
        if self._specs:
            return effective_dependencies(list(self._specs.values()))
        in_order = [stage.name for stage in self._run.status.stages]
        return {name: in_order[:place] for place, name in enumerate(in_order)}

    @cached_property
    def _ends(self) -> Mapping[str, datetime]:
        stages = self._run.status.stages
        return {s.name: s.completionTime for s in stages if s.completionTime is not None}

    def _origin(self, stage: StageStatus) -> Origin:
        created, ends = self._run.metadata.creationTimestamp, self._ends
        for name in self._above.get(stage.name, ()):
            end = ends.get(name)
            if end is not None and end > created:
                created = end
        return Origin(created, max(created, stage.notBeforeTime or created))


def _fallback(stage: StageStatus, spec: Stage | None) -> datetime | None:
    if spec is None or spec.fallbackAfterSeconds is None or stage.waitingSince is None:
        return None
    return stage.waitingSince + timedelta(seconds=spec.fallbackAfterSeconds)
