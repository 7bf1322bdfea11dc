"""Plays the engine of stagework.controllers.engine over a pretended cluster, with crashes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from stagework.api.intervention import Intervention
from stagework.api.machines import Fleet
from stagework.api.observed import NodeView
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus, StageStatus
from stagework.api.resources import JOBS, ObjectRef
from stagework.cluster.patches import stored_document
from stagework.plans.pipelinejob.plan import RunPlan, evaluate, finish
from stagework.plans.pipelinejob.snapshot import (
    Lookup,
    PlanSettings,
    Resolved,
    ResultQuestion,
    Snapshot,
)
from stagework.plans.plan import Action, Answer, Create, Delete, Event, Fact, Purpose, Ungate
from stagework.plans.refusals import RECONCILE_SECONDS, Refusals
from stagework.plans.status_writes import NEVER, counted_from, when_to_write
from stagework.policies.placement import slots_of
from stagework.policies.slots import SlotLedger
from tests.support.builders import T0, make_fleet, make_node
from tests.support.builders.world import POD_DEFAULTS
from tests.support.stepper.behaviour import Script
from tests.support.stepper.invariants import Invariants
from tests.support.stepper.pretend import Outdated, PretendCluster

SECOND = timedelta(seconds=1)


class Crash(Exception):  # noqa: N818 - planned
    """The operator is killed here."""


@dataclass
class Memory:
    """What the engine remembers of one run."""

    working: PipelineJobStatus | None = None
    written_at: float = NEVER
    lookups: dict[ResultQuestion, Lookup] = field(default_factory=dict[ResultQuestion, Lookup])
    asked: set[ResultQuestion] = field(default_factory=set[ResultQuestion])
    refusals: Refusals = field(default_factory=Refusals)


class Stepper:
    """Runs in a pretended cluster; time goes by in seconds, and only where something is due."""

    def __init__(
        self,
        *runs: PipelineJob,
        script: Script | None = None,
        nodes: Sequence[NodeView] = (),
        fleet: Fleet | None = None,
        look_ahead: int = 2,
        crash_at: int | None = None,
        forgetful: bool = False,
    ) -> None:
        """`crash_at`: killed at that write. `forgetful`: what is not urgent is never written."""
        self.now = T0
        self.runs = {run.metadata.uid: run for run in runs}
        self.requests: list[Intervention] = []
        self.events: list[Event] = []
        self.facts: list[Fact] = []
        self.crashes = 0
        self.points = 0
        """Writes so far: before and after each of them the operator may be killed."""
        self.status_writes = 0
        self.store_answers = True
        self._crash_at = crash_at
        self._forgetful = forgetful
        self._fleet = fleet or make_fleet()
        known = nodes or [
            make_node("gpu-0", "gpu"),
            make_node("macmini-0", "macmini"),
            make_node("macbook-0", "macbook"),
        ]
        self.cluster = PretendCluster(
            {node.metadata.name: node for node in known}, script or {}, self._mark
        )
        self._settings = PlanSettings(self._fleet, POD_DEFAULTS, look_ahead, 3600)
        self._appointments: list[tuple[datetime, Callable[[], None]]] = []
        self._dirty: dict[str, None] = dict.fromkeys(self.runs)
        self._wakes: dict[str, datetime] = {}
        self._memory: dict[str, Memory] = {}
        self._ledger = SlotLedger()
        self._ledger.set_slots(self._slots())
        self.invariants = Invariants(self.cluster)

    # --- what a test says and asks --------------------------------------------------------------

    @property
    def run(self) -> PipelineJob:
        """The first run."""
        return next(iter(self.runs.values()))

    def stage(self, name: str) -> StageStatus:
        """The stored status of a stage of the first run."""
        status = self.run.status.stage_named(name)
        assert status is not None, f"{name} has no status"
        return status

    def states(self) -> dict[str, str]:
        """Stage to state, as stored."""
        return {stage.name: stage.state for stage in self.run.status.stages}

    def at(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something at that many seconds after the beginning."""
        self._appointments.append((T0 + timedelta(seconds=seconds), act))

    def ask(self, request: Intervention) -> None:
        """A person creates an Intervention."""
        self.requests.append(request)
        self._dirty.update(dict.fromkeys(self.runs))

    def change_spec(self, **changes: Any) -> None:
        """A person edits the first run."""
        run = self.run
        meta = run.metadata.model_copy(update={"generation": run.metadata.generation + 1})
        spec = run.spec.model_copy(update=changes)
        self._put(run.model_copy(update={"metadata": meta, "spec": spec}))
        self._mark(meta.uid)

    def set_node(self, name: str, *, ready: bool) -> None:
        """A node comes or goes away."""
        old = self.cluster.nodes[name]
        machine = old.metadata.labels["stagework.dev/machine"]
        self.cluster.nodes[name] = make_node(name, machine, ready=ready)
        self._wake(self._ledger.set_slots(self._slots()))
        self._dirty.update(dict.fromkeys(self.runs))

    def live_pod(self, stage: str) -> str:
        """Uid of the newest Pod of a stage of the first run."""
        own = [
            p
            for p in self.cluster.pods.values()
            if p.metadata.labels["stagework.dev/stage"] == stage
        ]
        return max(own, key=lambda p: p.metadata.creation_timestamp).metadata.uid

    def until(self, done: Callable[[], bool], limit: int = 1000) -> "Stepper":
        """Let time pass until something holds; fails after `limit` seconds."""
        for _ in range(limit):
            self.second()
            if done():
                return self
        raise AssertionError(f"not within {limit} s: {self.states()}, {self.run.status.message}")

    def to_end(self, limit: int = 1000) -> "Stepper":
        """Until every run is over and nothing more is being written."""
        self.until(lambda: all(run.finished for run in self.runs.values()), limit)
        return self.pass_seconds(3)

    def pass_seconds(self, seconds: int) -> "Stepper":
        """Let so much time pass."""
        for _ in range(seconds):
            self.second()
        return self

    def operator_away(self, seconds: int) -> None:
        """Let the cluster go on while no operator is there."""
        for _ in range(seconds):
            self.now += SECOND
            self.cluster.tick(self.now)

    def second(self) -> None:
        """One second: people, the cluster, the artifact store, then the operator."""
        self.now += SECOND
        for moment, act in [(m, a) for m, a in self._appointments if m <= self.now]:
            self._appointments.remove((moment, act))
            act()
        self.cluster.tick(self.now)
        self._answer_questions()
        for uid in [uid for uid, due in self._wakes.items() if due <= self.now]:
            del self._wakes[uid]
            self._mark(uid)
        self._work()
        self.invariants.check(self.runs.values())

    # --- the engine ------------------------------------------------------------------------------

    def restart(self) -> None:
        """Kill the operator: everything that is only in memory is lost."""
        self.crashes += 1
        self._memory.clear()
        self._wakes.clear()
        self._ledger = SlotLedger()
        for uid in self.runs:
            self._ledger.request(uid, evaluate(self._snapshot(uid), self.now).slot_requests)
        self._ledger.set_slots(self._slots())
        self._dirty.update(dict.fromkeys(self.runs))

    def _work(self) -> None:
        for _ in range(60 * max(1, len(self.runs))):
            if not self._dirty:
                return
            uid = next(iter(self._dirty))
            del self._dirty[uid]
            try:
                self._reconcile(uid)
            except Outdated:
                self._of(uid).working = None
                self._wake_at(uid, self.now + SECOND)
            except Crash:
                self.restart()
        raise AssertionError(f"planned again and again: {self.run.status.message}")

    def _reconcile(self, uid: str) -> None:
        if uid not in self.runs:
            self._ledger.request(uid, ())
            return
        snapshot = self._snapshot(uid)
        evaluated = evaluate(snapshot, self.now)
        self._wake(self._ledger.request(uid, evaluated.slot_requests))
        plan = finish(evaluated, self._ledger.turns(uid), self.now)
        self.invariants.check_plan(snapshot, plan, self.now)
        self._carry_out(uid, snapshot.run, plan)

    def _carry_out(self, uid: str, run: PipelineJob, plan: RunPlan) -> None:
        for action in plan.actions:
            self._point()
            self._perform(run, action)
        self._write_status(uid, run, plan)
        for action in plan.afterwards:
            self._point()
            self._perform(run, action)
        self.events.extend(plan.events)
        self.facts.extend(plan.facts)
        self._of(uid).asked.update(q for q in plan.questions if isinstance(q, ResultQuestion))
        if plan.wake_at is not None:
            self._wake_at(uid, plan.wake_at)

    def _write_status(self, uid: str, run: PipelineJob, plan: RunPlan) -> None:
        memory = self._of(uid)
        if uid not in self.runs or (plan.status is None and memory.working is None):
            return
        wanted = plan.status or run.status
        if not plan.urgent and self._forgetful:
            if memory.working is None and not run.status.stages:
                memory.working = wanted  # accepted, and that is known to nobody else
                self._mark(uid)
            return
        wait = self._seconds_to_wait(memory, urgent=plan.urgent)
        if wait > 0:
            memory.working = wanted
            self._wake_at(uid, self.now + timedelta(seconds=wait))
            return
        self._point()
        memory.working, memory.written_at = None, self._clock()
        self.status_writes += 1
        stored = PipelineJobStatus.model_validate(stored_document(wanted))
        self._put(self.runs[uid].model_copy(update={"status": stored}))
        if plan.again_once_stored:
            self._mark(uid)
        self._point()

    def _seconds_to_wait(self, memory: Memory, *, urgent: bool) -> float:
        at_work, now = self._ledger.taken(), self._clock()
        memory.written_at = counted_from(memory.written_at, at_work=at_work, now_seconds=now)
        return when_to_write(
            urgent=urgent,
            written_at=memory.written_at,
            at_work=at_work,
            queue_latency_seconds=0,
            now_seconds=now,
        )

    def _clock(self) -> float:
        return (self.now - T0).total_seconds()

    def _point(self) -> None:
        self.points += 1
        if self.points == self._crash_at:
            raise Crash

    def _perform(self, run: PipelineJob, action: Action) -> None:
        match action:
            case Create(resource, purpose=Purpose() as purpose) if resource == JOBS:
                self._create(run.metadata.uid, action, purpose)
            case Create():
                pass  # a revision of stages; the runs here have their own
            case Ungate():
                self.cluster.ungate(action)
            case Delete(target):
                self._delete(target)
            case Answer():
                self._answer(action)
        self._point()

    def _create(self, uid: str, action: Create, purpose: Purpose) -> None:
        refusal = self.cluster.create(action, self.now)
        if refusal is not None:
            self._of(uid).refusals.note(purpose, refusal, self._clock())
            self._wake_at(uid, self.now + timedelta(seconds=RECONCILE_SECONDS))
            raise Outdated(refusal.message)

    def _delete(self, target: ObjectRef) -> None:
        match target.resource.plural:
            case "jobs":
                self.cluster.delete_job(target.uid, self.now)
            case "pods":
                self.cluster.delete_pod(target.uid, self.now)
            case "interventions":
                self.requests = [r for r in self.requests if r.metadata.uid != target.uid]
            case _:
                self.runs.pop(target.uid, None)
                self._mark(target.uid)

    def _answer(self, action: Answer) -> None:
        uid = action.intervention.uid
        for number, request in enumerate(self.requests):
            if request.metadata.uid == uid:
                assert request.status.answered is None, f"{uid} is answered twice"
                self.requests[number] = request.model_copy(update={"status": action.status})

    def _snapshot(self, uid: str) -> Snapshot:
        run, memory = self.runs[uid], self._of(uid)
        if memory.working is not None:
            run = run.model_copy(update={"status": memory.working})
        meta = run.metadata
        accepted = run.spec.stages is not None and bool(run.status.stages)
        return Snapshot(
            run=run,
            settings=self._settings,
            resolved=Resolved(run.spec.stages or [], None) if accepted else None,
            jobs=tuple(j for j in self.cluster.jobs.values() if j.metadata.controller_uid == uid),
            pods=tuple(
                p
                for p in self.cluster.pods.values()
                if p.metadata.labels["stagework.dev/run-uid"] == uid
            ),
            nodes=dict(self.cluster.nodes),
            slots=self._slots(),
            interventions=tuple(r for r in self.requests if r.spec.target.name == meta.name),
            lookups=dict(memory.lookups),
            refusals=memory.refusals.believed(self._clock()),
        )

    def _answer_questions(self) -> None:
        if not self.store_answers:
            return
        for uid, memory in self._memory.items():
            for question in memory.asked:
                stored = self.cluster.results.get((uid, question.stage, question.attempt), [])
                memory.lookups[question] = Lookup(stored[0] if stored else None)
                self._mark(uid)
            memory.asked.clear()

    def _put(self, run: PipelineJob) -> None:
        version = str(int(run.metadata.resourceVersion) + 1)
        meta = run.metadata.model_copy(update={"resourceVersion": version})
        self.runs[meta.uid] = run.model_copy(update={"metadata": meta})
        self._of(meta.uid).working = None

    def _of(self, uid: str) -> Memory:
        return self._memory.setdefault(uid, Memory())

    def _slots(self) -> dict[str, int]:
        return slots_of(self._fleet, self.cluster.nodes)

    def _mark(self, uid: str) -> None:
        self._dirty[uid] = None

    def _wake(self, uids: Iterable[str]) -> None:
        for uid in uids:
            self._mark(uid)

    def _wake_at(self, uid: str, moment: datetime) -> None:
        self._wakes[uid] = min(self._wakes.get(uid, moment), moment)
