"""Decide about one PipelineJob: what has happened, whose turn it is, what to do next.

In two halves, because turns depend on what all runs claim:
1. `advance` settles every stage and says which slots the run holds or wants;
2. `finish` starts what has its turn, cleans up, and writes the status.
Both are pure; the engine asks the slot ledger in between.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from stagework.api import names
from stagework.api.pipelinejob import Answered, StageStatus
from stagework.api.stages import Stage
from stagework.plans.pipelinejob.accept import accept, revision_lost, seen_again
from stagework.plans.pipelinejob.interventions import carry_out
from stagework.plans.pipelinejob.slot_requests import claims_of
from stagework.plans.pipelinejob.clean_up import (
    after_end,
    drop_held,
    drop_superseded,
    end_lingering,
    end_recorded,
)
from stagework.plans.pipelinejob.children import NO_COPY, Copy, Family
from stagework.plans.plan import Draft, Event, Plan
from stagework.plans.pipelinejob.run_status import ACTIVE, ENDED, run_status
from stagework.plans.pipelinejob.observe import settle
from stagework.plans.pipelinejob.stage_view import Sight
from stagework.plans.pipelinejob.snapshot import Resolved, Snapshot
from stagework.plans.pipelinejob.start import Starter, waiting
from stagework.policies.look_ahead import ahead
from stagework.policies.slots import Claim, Turn
from stagework.policies.stage_order import Blocked, Never, may_start
from stagework.policies.validity import effective_params

_UPSTREAM = {"Failed": "failed", "Skipped": "was skipped", "NotRun": "is not run"}
"""What happened to the stage that stands in the way, in people's words."""


@dataclass(frozen=True)
class Advanced:
    """A run whose stages are settled; `plan` is set where nothing further is to be decided."""

    snapshot: Snapshot
    states: dict[str, StageStatus]
    copies: dict[str, Copy]
    answered: list[Answered]
    draft: Draft
    claims: tuple[Claim, ...] = ()
    plan: Plan | None = None


def advance(snapshot: Snapshot, now: datetime) -> Advanced:
    """Settle all stages and derive the run's claims."""
    run, draft = snapshot.run, Draft()
    if run.metadata.deletionTimestamp is not None:
        return Advanced(snapshot, {}, {}, [], draft, plan=Plan())
    resolved = snapshot.resolved
    if resolved is None:
        plan = _unresolved(snapshot, draft, now)
        states, _ = carry_out(snapshot, {}, draft, now)
        merged = (*plan.afterwards, *draft.afterwards)
        return Advanced(snapshot, states, {}, [], draft, plan=replace(plan, afterwards=merged))
    by_name = {each.name: each for each in run.status.stages}
    states = {s.name: by_name.get(s.name) or StageStatus(name=s.name) for s in resolved.stages}
    states, answered = carry_out(snapshot, states, draft, now)
    copies: dict[str, Copy] = {}
    family = Family(run.metadata.uid, snapshot.jobs, snapshot.pods)
    for stage in resolved.stages:
        status = settled = _upstream(states[stage.name], resolved, states)
        if status.state in ENDED and status.pod:
            # Its Pod has run: nothing that is left of it can change the outcome any more.
            states[stage.name], copies[stage.name] = status, NO_COPY
            continue
        copy = family.copy_of(status)
        if status.state not in ENDED:
            settled = settle(status, Sight(snapshot, stage, status, copy), draft, now)
            if settled.attempt != status.attempt:
                copy = family.copy_of(settled)
        states[stage.name], copies[stage.name] = settled, copy
    claims = claims_of(snapshot, resolved, states, copies, now)
    return Advanced(snapshot, states, copies, answered, draft, tuple(claims))


def finish(advanced: Advanced, turns: Mapping[str, Turn], now: datetime) -> Plan:
    """Start what may start and put the whole plan together."""
    if advanced.plan is not None:
        return advanced.plan
    snapshot, draft, states = advanced.snapshot, advanced.draft, advanced.states
    run, resolved = snapshot.run, snapshot.resolved
    if resolved is None:
        return Plan()
    starter = Starter(snapshot, resolved, _params(snapshot, resolved), draft, now)
    for stage in resolved.stages:
        copy = advanced.copies[stage.name]
        states[stage.name] = _next(starter, stage, copy, turns.get(stage.name), states)
        end_recorded(snapshot, states[stage.name], copy, draft)
    _look_ahead(starter, resolved, advanced, states)
    drop_held(snapshot, advanced.copies, states, draft)
    drop_superseded(snapshot, states, draft)
    end_lingering(snapshot, states, draft, now)
    status = run_status(run, list(states.values()), advanced.answered, now)
    draft.events.extend(_events(snapshot, states, status.summary))
    if status.completionTime is not None:
        after_end(snapshot, status.completionTime, draft, now)
    changed = status != run.status
    return Plan(
        actions=tuple(draft.actions),
        status=status if changed else None,
        urgent=changed and _urgent(snapshot, states, status.summary, advanced.answered),
        afterwards=tuple(draft.afterwards),
        events=tuple(draft.events),
        lookups=tuple(draft.lookups),
        recovered=tuple(draft.recovered),
        wake_at=draft.wake_at,
    )


def _upstream(
    status: StageStatus, resolved: Resolved, states: Mapping[str, StageStatus]
) -> StageStatus:
    """Give up a stage that can never start, before anything else is looked at.

    Level-based: a stage that was given up waits again once nothing stands in its way any more.
    """
    if status.state not in {"Waiting", "NotRun"}:
        return status
    verdict = may_start(status.name, resolved.dependencies, states)
    if isinstance(verdict, Never):
        done = _UPSTREAM[states[verdict.cause].state]
        not_run = {"state": "NotRun", "reason": verdict.reason}
        return status.model_copy(update={**not_run, "message": f"{verdict.cause} {done}"})
    if status.state == "NotRun":
        return status.model_copy(update={"state": "Waiting", "reason": "", "message": ""})
    return status


def _params(snapshot: Snapshot, resolved: Resolved) -> dict[str, str]:
    given = snapshot.run.spec.params
    return dict(given) if resolved.params is None else effective_params(resolved.params, given)


def _next(
    starter: Starter,
    stage: Stage,
    copy: Copy,
    turn: Turn | None,
    states: dict[str, StageStatus],
) -> StageStatus:
    status, resolved = states[stage.name], starter.resolved
    if status.state in ENDED or copy.lifted or status.stopping is not None or status.pod:
        return status
    if status.reason in {names.WAIT_RESULT, names.WAIT_POD_LOST}:
        return status
    verdict = may_start(stage.name, resolved.dependencies, states)
    if isinstance(verdict, Blocked):
        return waiting(status, names.WAIT_DEPENDENCY, f"waits for {', '.join(verdict.pending)}")
    if starter.snapshot.run.spec.suspend:
        return waiting(status, names.WAIT_SUSPENDED, "the run is suspended: set spec.suspend=false")
    if status.notBeforeTime is not None and starter.now < status.notBeforeTime:
        starter.draft.wake(status.notBeforeTime)
        kept = status.reason == names.WAIT_DEFERRED
        return status if kept else status.model_copy(update={"reason": names.WAIT_BACKOFF})
    return starter.start(status, stage, copy, turn, states)


def _look_ahead(
    starter: Starter, resolved: Resolved, advanced: Advanced, states: dict[str, StageStatus]
) -> None:
    snapshot = advanced.snapshot
    if snapshot.run.spec.suspend:
        return
    stages = {each.name: each for each in resolved.stages}
    for name in ahead(snapshot.settings.look_ahead, resolved.dependencies, states):
        stage = stages[name]
        classes = snapshot.settings.fleet.classes_of(name, tuple(stage.runsOn))
        starter.prepare(states[name], stage, advanced.copies[name], classes[0])


def _events(snapshot: Snapshot, states: Mapping[str, StageStatus], summary: str) -> list[Event]:
    found: list[Event] = []
    run = snapshot.run
    stored = {each.name: each for each in run.status.stages}
    for name, after in states.items():
        before = stored.get(name)
        if after.state == "Running" and (before is None or before.state != "Running"):
            where = f"stage {name}, attempt {after.attempt}, on {after.machine} ({after.node})"
            found.append(Event(names.EVENT_STAGE_STARTED, where))
    if summary != run.status.summary:
        done = sum(each.state in {"Succeeded", "Skipped"} for each in states.values())
        if summary in {names.COMPLETED, names.COMPLETED_WITH_SKIPS}:
            found.append(Event(names.EVENT_COMPLETED, f"{done} of {len(states)} stages done"))
        elif summary == names.STAGE_FAILED:
            failed = [each.name for each in states.values() if each.state == "Failed"]
            said = f"failed: {', '.join(failed)}; retry with `stagework retry {run.metadata.name}`"
            found.append(Event(names.EVENT_FAILED, said, "Warning"))
    return found


def _urgent(
    snapshot: Snapshot,
    states: Mapping[str, StageStatus],
    summary: str,
    answered: list[Answered],
) -> bool:
    """Verdicts, commits and ends are written at once; what merely moves on may wait a moment."""
    run = snapshot.run
    if summary != run.status.summary and not {summary, run.status.summary} <= {
        names.QUEUED,
        names.WAITING,
        names.RUNNING,
    }:
        return True
    if answered != run.status.answered or run.status.observedGeneration != run.metadata.generation:
        return True
    stored = {each.name: each for each in run.status.stages}
    for name, after in states.items():
        before = stored.get(name)
        if before is None or before.attempt != after.attempt or before.stopping != after.stopping:
            return True
        if after.state != before.state and after.state not in {*ACTIVE, "Waiting"}:
            return True
    return False


def _unresolved(snapshot: Snapshot, draft: Draft, now: datetime) -> Plan:
    run = snapshot.run
    if run.finished:
        return _finished(snapshot, draft, now)
    return revision_lost(run, now) if run.status.pipelineRevision else accept(snapshot, now)


def _finished(snapshot: Snapshot, draft: Draft, now: datetime) -> Plan:
    """A run that was refused at first sight: only its time to live is left."""
    run = snapshot.run
    if run.status.completionTime is not None:
        after_end(snapshot, run.status.completionTime, draft, now)
    changed = run.status.observedGeneration != run.metadata.generation
    return Plan(
        actions=tuple(draft.actions),
        status=seen_again(run) if changed else None,
        urgent=changed,
        wake_at=draft.wake_at,
    )
