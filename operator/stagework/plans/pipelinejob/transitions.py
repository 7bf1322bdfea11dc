"""What has changed in a run from one status to the next; events and urgency are read from it.

Metrics and history take the same facts: what is counted is what was told.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus
from stagework.api.stage_status import StageStatus
from stagework.api.stage_transition import StageTransition, stage_transitions
from stagework.plans.plan import Event, Fact
from stagework.plans.transitions import (
    RequestsNoted,
    SpecSeen,
    SummaryChanged,
    common_transitions,
)
from stagework.policies.next_step import step_of_run, step_of_stage

_AT_WORK = frozenset(
    {
        *(names.QUEUED, names.WAITING, names.DEFERRED),
        *(names.STARTING, names.STUCK, names.RUNNING, names.AWAY),
    }
)
"""Summaries between which a run goes to and fro while it works."""


@dataclass(frozen=True)
class StageAdded(Fact):
    """The status says something of a stage for the first time."""

    stage: str


@dataclass(frozen=True)
class StageStarted(Fact):
    """Its container runs."""

    stage: str
    attempt: int
    machine: str
    node: str


@dataclass(frozen=True)
class StageStuck(Fact):
    """Its turn has come, and it cannot start."""

    stage: str
    attempt: int
    cause: str


@dataclass(frozen=True)
class StageDeferred(Fact):
    """It could start, and no machine of its class is there, which is usual for that class."""

    stage: str
    cause: str


@dataclass(frozen=True)
class StageAway(Fact):
    """The machine on which it has begun is away."""

    stage: str
    attempt: int
    cause: str


@dataclass(frozen=True)
class StageBack(Fact):
    """That machine is back, and it goes on."""

    stage: str
    attempt: int
    node: str


@dataclass(frozen=True)
class AttemptEnded(Fact):
    """Another attempt follows this one."""

    stage: str
    attempt: int
    reason: str
    """Why another one follows, as one word."""
    begun: bool
    """Its Pod was ungated: it had its turn."""


@dataclass(frozen=True)
class VerdictRecorded(Fact):
    """It is to be ended for this reason; empty: that has been done."""

    stage: str
    reason: str


@dataclass(frozen=True)
class StageEnded(Fact):
    """It has succeeded, failed for good, was skipped, or was ended with its run."""

    stage: str
    attempt: int
    outcome: str
    """Its state; `Stopped` where its run was ended: that says nothing of the stage."""
    machine: str
    seconds: float | None
    """From its container's start to its end; None where it has not run."""


@dataclass(frozen=True)
class StageNotRun(Fact):
    """It will not run: something above it is in the way."""

    stage: str
    reason: str


@dataclass(frozen=True)
class ApprovalAwaited(Fact):
    """It could start, and waits until somebody approves it."""

    stage: str


@dataclass(frozen=True)
class RunEnded(Fact):
    """Nothing more happens without a person."""

    summary: str
    done: int
    stages: int
    failed: tuple[str, ...]
    """Names of the stages that failed."""
    message: str
    """How, as a sentence."""


_URGENT = (
    SpecSeen,
    RequestsNoted,
    StageAdded,
    AttemptEnded,
    VerdictRecorded,
    StageEnded,
    StageNotRun,
    RunEnded,
)


def transitions(before: PipelineJobStatus, after: PipelineJobStatus) -> list[Fact]:
    """Everything that has changed, stage by stage, then the run as a whole."""
    facts: list[Fact] = []
    for changed in stage_transitions(before.stages, after.stages):
        facts.extend(_of_stage(changed))
    facts.extend(common_transitions(before, after))
    if after.ended and (not before.ended or after.summary != before.summary):
        facts.append(_end(after))
    return facts


def urgent(facts: Iterable[Fact]) -> bool:
    """Verdicts, commits and ends are written at once; what merely moves on may wait a moment."""
    return any(isinstance(fact, _URGENT) or is_turn(fact) for fact in facts)


def is_turn(fact: Fact) -> bool:
    """Whether the run as a whole is another matter now, and not merely further on."""
    return isinstance(fact, SummaryChanged) and not {fact.before, fact.after} <= _AT_WORK


def events_of(facts: Iterable[Fact], run: PipelineJob, after: PipelineJobStatus) -> Iterator[Event]:
    """What a person cares about among them; of what needs one, with what to do next."""
    flag = f" -n {run.metadata.namespace}"
    for fact in facts:
        match fact:
            case StageStarted(stage, attempt, machine, node):
                where = f"stage {stage}, attempt {attempt}, on {machine} ({node})"
                yield Event(names.EVENT_STAGE_STARTED, where)
            case StageDeferred() | StageAway() | StageBack():
                yield _event_of_machine(fact)
            case StageStuck(stage, attempt, cause):
                where = f"stage {stage}, attempt {attempt}, cannot start: {cause}"
                stuck = next(s for s in after.stages if s.name == stage)
                text = step_of_stage(run, stuck, flag).text
                yield Event(names.EVENT_STAGE_STUCK, f"{where}; next: {text}", "Warning")
            case ApprovalAwaited(stage):
                text = step_of_run(run, after.summary, after.stages, flag).text
                where = f"stage {stage} waits for approval; next: {text}"
                yield Event(names.WAIT_APPROVAL, where)
            case RunEnded():
                text = step_of_run(run, after.summary, after.stages, flag).text
                yield _event_of_end(fact, text)
            case _:
                pass


def _event_of_machine(fact: StageDeferred | StageAway | StageBack) -> Event:
    match fact:
        case StageDeferred(stage, cause):
            return Event(names.EVENT_DEFERRED, f"stage {stage}: {cause}")
        case StageAway(stage, attempt, cause):
            return Event(names.EVENT_AWAY, f"stage {stage}, attempt {attempt}: {cause}")
        case StageBack(stage, attempt, node):
            where = f"stage {stage}, attempt {attempt}"
            return Event(names.EVENT_BACK, f"{where}: {node or 'its machine'} is back")


def _event_of_end(end: RunEnded, step: str) -> Event:
    """`step`: what to do next."""
    match end.summary:
        case names.STAGE_FAILED:
            text = f"failed: {', '.join(end.failed)}; next: {step}"
            return Event(names.EVENT_FAILED, text, "Warning")
        case names.STOPPED:
            return Event(names.EVENT_STOPPED, f"{end.message}; next: {step}")
        case names.DEADLINE_EXCEEDED:
            return Event(names.EVENT_FAILED, f"{end.message}; next: {step}", "Warning")
        case names.INVALID_SPEC:
            return Event(names.EVENT_INVALID, end.message, "Warning")
        case _:
            return Event(names.EVENT_COMPLETED, end.message)


def _end(after: PipelineJobStatus) -> RunEnded:
    failed = tuple(
        stage.name
        for stage in after.stages
        if stage.state == names.STAGE_FAILED_STATE and not stage.stopped
    )
    total = len(after.stages)
    return RunEnded(after.summary, after.done_count, total, failed, after.message)


def _of_stage(changed: StageTransition) -> Iterator[Fact]:
    before, after = changed.before, changed.after
    name, state = after.name, after.state
    yield from _of_machine(changed)
    if changed.stuck:
        yield StageStuck(name, after.attempt, f"{after.reason}: {after.message}".strip(": "))
    if after.awaits_approval and not (before is not None and before.awaits_approval):
        yield ApprovalAwaited(name)
    if before is None:
        yield StageAdded(name)
        return
    if changed.attempt_changed:
        begun = before.pod != ""
        yield AttemptEnded(name, before.attempt, after.reason or "Retried", begun=begun)
    if changed.verdict_changed:
        yield VerdictRecorded(name, after.stopping.reason if after.stopping is not None else "")
    if not changed.ended:
        return
    if state == names.STAGE_NOT_RUN:
        yield StageNotRun(name, after.reason)
    else:
        outcome = names.STOPPED if after.stopped else state
        yield StageEnded(name, after.attempt, outcome, after.machine, _seconds(after))


def _of_machine(changed: StageTransition) -> Iterator[Fact]:
    after = changed.after
    if changed.started:
        yield StageStarted(after.name, after.attempt, after.machine, after.node)
    if changed.deferred and after.reason == names.WAIT_MACHINE_AWAY:
        yield StageDeferred(after.name, after.message)
    if changed.away:
        yield StageAway(after.name, after.attempt, after.message)
    if changed.back:
        yield StageBack(after.name, after.attempt, after.node)


def _seconds(stage: StageStatus) -> float | None:
    if stage.startTime is None or stage.completionTime is None:
        return None
    return max(0.0, (stage.completionTime - stage.startTime).total_seconds())
