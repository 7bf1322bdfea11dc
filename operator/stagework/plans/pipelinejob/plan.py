"""Decide about one PipelineJob: what has happened, whose turn it is, what to do next.

In two halves, because turns depend on what all runs ask for:
1. `evaluate` observes every stage and says which slots the run holds or wants;
2. `finish` starts what has its turn, cleans up, and writes the status.
Both are pure; the controller asks the slot ledger in between.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from stagework.api.answered import Answered
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.stage_status import StageStatus, States
from stagework.plans.interventions import Requests
from stagework.plans.pipelinejob import edits
from stagework.plans.pipelinejob.accept import resolve
from stagework.plans.pipelinejob.believed import with_possible_times
from stagework.plans.pipelinejob.causes import SHORT
from stagework.plans.pipelinejob.children import (
    NO_OBJECTS,
    AttemptObjects,
    Children,
    with_own_job,
)
from stagework.plans.pipelinejob.clean_up import (
    after_end,
    children_of,
    drop_held,
    drop_leftovers,
    end_leftover,
    end_recorded,
    nothing_to_come,
)
from stagework.plans.pipelinejob.deleting import deleting
from stagework.plans.pipelinejob.given_up import (
    end_given_up,
    given_up_by_person,
    note_late_reports,
)
from stagework.plans.pipelinejob.interventions import StageVerbs
from stagework.plans.pipelinejob.observe import observe
from stagework.plans.pipelinejob.refused_stages import change_refused, not_changed_reason
from stagework.plans.pipelinejob.run_deadline import clock_after, clock_of, ended_with_run, is_over
from stagework.plans.pipelinejob.run_status import run_status
from stagework.plans.pipelinejob.said_before import as_said_before
from stagework.plans.pipelinejob.slot_requests import recorded, slot_requests
from stagework.plans.pipelinejob.snapshot import Resolved, RunPlan, Snapshot
from stagework.plans.pipelinejob.stage_view import StageView
from stagework.plans.pipelinejob.start import Starter
from stagework.plans.pipelinejob.transitions import events_of, transitions, urgent
from stagework.plans.pipelinejob.turns import RunTurns, first_requests, turns_of
from stagework.plans.pipelinejob.unresolved import unresolved
from stagework.plans.pipelinejob.unwatched import unwatched_pods
from stagework.plans.pipelinejob.upstream import Upstream
from stagework.plans.plan import Plan, PlanBuilder
from stagework.policies.active_time import ActiveTime
from stagework.policies.look_ahead import ahead
from stagework.policies.slots.request import SlotRequest
from stagework.policies.slots.turn import Turn
from stagework.policies.validity import effective_params


@dataclass(frozen=True)
class Evaluated:
    """A run whose stages are observed; `plan` is set where nothing further is to be decided."""

    snapshot: Snapshot
    builder: PlanBuilder
    states: States = field(default_factory=dict[str, StageStatus])
    """The stages by name, as they were observed."""
    objects: Mapping[str, AttemptObjects] = field(default_factory=dict[str, AttemptObjects])
    answered: list[Answered] = field(default_factory=list[Answered])
    wanted: tuple[SlotRequest, ...] = ()
    """All that it holds or would like to have."""
    clock: ActiveTime | None = None
    """How long the run has been active; None: it has no deadline."""
    time_is_up: bool = False
    """It is being ended for its deadline."""
    plan: RunPlan | None = None

    @property
    def slot_requests(self) -> tuple[SlotRequest, ...]:
        """What it requests before turns are given."""
        return first_requests(self.wanted, self.states, self.snapshot.parallelism)

    def turns(self, ask: Callable[[Sequence[SlotRequest]], Mapping[str, Turn]]) -> RunTurns:
        """Its turns; `ask` replaces what it requests of the slot ledger, and tells the turns."""
        return turns_of(self.wanted, self.states, self.snapshot.parallelism, ask)


def evaluate(snapshot: Snapshot, now: datetime) -> Evaluated:
    """Observe all stages and derive which slots the run holds or wants."""
    run, resolved, builder = snapshot.run, snapshot.resolved, PlanBuilder()
    if run.metadata.deletionTimestamp is not None:
        held = tuple(recorded(snapshot))
        return Evaluated(snapshot, builder, wanted=held, plan=deleting(snapshot, now))
    if resolved is None:
        plan = _marked(snapshot, unresolved(snapshot, builder, now))
        requests = _first_requests(snapshot, plan, now) or tuple(recorded(snapshot))
        return Evaluated(snapshot, builder, wanted=requests, plan=plan)
    stored = {stage.name: stage for stage in run.status.stages}
    states = {
        s.name: with_possible_times(stored[s.name], s, now)
        if s.name in stored
        else StageStatus(name=s.name)
        for s in resolved.stages
    }
    answered = run.status.answered
    if snapshot.interventions:
        verbs = StageVerbs(resolved.dependencies, now)
        requests = Requests(snapshot.interventions, run.metadata.uid, verbs, snapshot.refusals)
        asked, answered = requests.apply(states, answered, builder, now)
        builder.facts.extend(given_up_by_person(states, asked))
        states = dict(asked)
    clock = clock_of(snapshot, states, now)
    observed, objects = _observed(snapshot, resolved, states, builder, now)
    up = is_over(snapshot, resolved, clock, observed, now)
    if up is not None:
        observed = ended_with_run(resolved, observed, up)
    wanted = tuple(slot_requests(snapshot, resolved, observed, objects, now))
    return Evaluated(
        snapshot, builder, observed, objects, answered, wanted, clock, time_is_up=up is not None
    )


def finish(evaluated: Evaluated, turns: RunTurns, now: datetime) -> RunPlan:
    """Start what may start and put the whole plan together."""
    snapshot, builder, objects = evaluated.snapshot, evaluated.builder, evaluated.objects
    run, resolved = snapshot.run, snapshot.resolved
    if evaluated.plan is not None or resolved is None:
        return evaluated.plan or Plan()
    starter = Starter(snapshot, resolved, _params(snapshot, resolved), builder, now)
    states = dict(evaluated.states)
    for stage in resolved.stages:
        name, own = stage.name, objects[stage.name]
        states[name] = starter.advance(stage, own, turns.get(name), states)
        if states[name].stopping is not None:
            end_recorded(snapshot, states[name], own, builder)
    states.update(_look_ahead(starter, objects, states))
    states.update(drop_held(snapshot, objects, states, builder))
    states.update(_end_what_is_over(snapshot, states, builder, now))
    states.update(_refused(snapshot, objects, states))
    clock = clock_after(
        snapshot,
        resolved,
        evaluated.clock,
        states,
        is_up=evaluated.time_is_up,
        builder=builder,
        now=now,
    )
    status = _status(evaluated, states, clock, now)
    changed = status != run.status
    facts = transitions(run.status, status) if changed else []
    builder.facts.extend(facts)
    builder.events.extend(events_of(facts, run, status))
    after_end(snapshot, status, builder, now)
    plan = builder.plan(
        status if changed else None,
        urgent=urgent(facts),
        again_once_stored=status.verdict_pending,
    )
    return _marked(snapshot, plan)


def _end_what_is_over(
    snapshot: Snapshot, states: States, builder: PlanBuilder, now: datetime
) -> dict[str, StageStatus]:
    """End what has no turn to wait for, or outlives its attempt; the stages of which that tells."""
    drop_leftovers(snapshot, states, builder)
    end_leftover(snapshot, states, builder, now)
    children = children_of(snapshot)
    end_given_up(snapshot, children, states, builder)
    return note_late_reports(snapshot, children, states, builder)


def _status(
    evaluated: Evaluated, states: States, clock: ActiveTime | None, now: datetime
) -> PipelineJobStatus:
    """As it shall be; as it is, where only words would change that tell of the same cause."""
    run, answered = evaluated.snapshot.run, evaluated.answered
    status = run_status(run, list(states.values()), answered, now, clock)
    if status == run.status:
        return status
    kept = as_said_before(run.status, states)
    if kept is states:
        return status
    same = run_status(run, list(kept.values()), answered, now, clock)
    return same if same == run.status else status


def _upstream(resolved: Resolved, states: States) -> Upstream:
    return Upstream(resolved.dependencies, resolved.runs_if, states)


def _observed(
    snapshot: Snapshot, resolved: Resolved, before: States, builder: PlanBuilder, now: datetime
) -> tuple[States, Mapping[str, AttemptObjects]]:
    """Stages from first to last, for what becomes of one decides about those below it."""
    states: dict[str, StageStatus] = dict(before)
    objects: dict[str, AttemptObjects] = {}
    run, fleet = snapshot.run.metadata, snapshot.settings.fleet
    pods = (*snapshot.pods, *unwatched_pods(snapshot, before, now))
    children, upstream = Children(run, snapshot.jobs, pods), _upstream(resolved, states)
    for stage in resolved.stages:
        status = upstream.judge(states[stage.name])
        if status.ended and status.pod:
            # Its Pod has run: nothing that is left of it can change the outcome any more.
            own = NO_OBJECTS
        else:
            machines = fleet.all_classes_of(stage.name, tuple(stage.runsOn))
            status = with_own_job(status, run, machines, snapshot.made, now)
            own = children.of(status)
            if not status.ended:
                attempt = status.attempt
                status = observe(StageView(snapshot, stage, status, own), builder, now)
                # It may have come to wait only now, below what has failed meanwhile.
                status = upstream.judge(status)
                own = own if status.attempt == attempt else children.of(status)
        states[stage.name], objects[stage.name] = status, own
        upstream.note(status)
    return states, objects


def _refused(
    snapshot: Snapshot, objects: Mapping[str, AttemptObjects], states: States
) -> dict[str, StageStatus]:
    """Stages whose attempts the API server does not let be ended: they say so."""
    changed: dict[str, StageStatus] = {}
    for name, status in states.items() if snapshot.refusals else ():
        refusal = change_refused(snapshot, objects[name])
        if refusal is not None and not status.ended:
            reason = not_changed_reason(refusal)
            changed[name] = edits.refused(status, reason, refusal.message)
    return changed


def _params(snapshot: Snapshot, resolved: Resolved) -> dict[str, str]:
    given = snapshot.run.spec.params
    return dict(given) if resolved.params is None else effective_params(resolved.params, given)


def _look_ahead(
    starter: Starter, objects: Mapping[str, AttemptObjects], states: States
) -> dict[str, StageStatus]:
    """The stages for which a Job is made ahead of their turn."""
    settings, resolved = starter.snapshot.settings, starter.resolved
    if starter.snapshot.run.spec.suspend:
        return {}
    prepared: dict[str, StageStatus] = {}
    unapproved = {name for name in resolved.to_approve if states[name].approval is None}
    above, beside = resolved.dependencies, resolved.runs_if
    names = ahead(settings.look_ahead, above, states, beside, unapproved)
    if names and starter.snapshot.shortage:
        starter.builder.wake(starter.now + SHORT)
        return {}
    for stage in (stage for stage in resolved.stages if stage.name in names):
        classes = settings.fleet.classes_of(stage.name, tuple(stage.runsOn))
        status, own = states[stage.name], objects[stage.name]
        prepared[stage.name] = starter.prepare(status, stage, own, classes[0])
    return prepared


def _first_requests(snapshot: Snapshot, plan: RunPlan, now: datetime) -> tuple[SlotRequest, ...]:
    """What a run will want that is being accepted: it is in line from its first moment."""
    status, run = plan.status, snapshot.run
    if status is None or run.status.stages or not status.stages:
        return ()
    accepted = replace(
        snapshot, run=run.model_copy(update={"status": status}), resolved=resolve(snapshot)
    )
    return evaluate(accepted, now).slot_requests


def _marked(snapshot: Snapshot, plan: RunPlan) -> RunPlan:
    """Say of the plan whether the run may leave memory after it."""
    return replace(plan, nothing_to_come=True) if nothing_to_come(snapshot, plan) else plan
