"""Plays the engine and the controller of PipelineJobs over a pretended cluster, with crashes.

The rules are the real ones: the plan, the slot ledger, dates and back-off, when a status is
written, how long a refusal is believed. Played are only the writes.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus
from stagework.api.resources import JOBS, ObjectRef
from stagework.cluster.patches import stored_document
from stagework.controllers.agenda import Agenda
from stagework.plans.made import MadeChildren
from stagework.plans.pipelinejob.plan import evaluate, finish
from stagework.plans.pipelinejob.snapshot import (
    Lookup,
    PlanSettings,
    PodQuestion,
    PodRead,
    Resolved,
    ResultQuestion,
    RunPlan,
    Snapshot,
)
from stagework.plans.plan import (
    Action,
    Answer,
    Create,
    Delete,
    DryRun,
    Event,
    Fact,
    Purpose,
    Refusal,
    Ungate,
)
from stagework.plans.refusals import MARGIN_SECONDS, Refusals
from stagework.plans.status_writes import NEVER, counted_from, when_to_write
from stagework.policies.placement import slots_of
from stagework.policies.slots.ledger import SlotLedger
from stagework.policies.slots.request import Moment, SlotRequest
from stagework.policies.slots.turn import Turn
from tests.support.builders import T0
from tests.support.stepper.invariants import Invariants
from tests.support.stepper.own_objects import OwnObjects
from tests.support.stepper.pretend import Outdated, PretendCluster


class Crash(Exception):  # noqa: N818 - planned
    """The operator is killed here."""


@dataclass
class Memory:
    """What the engine remembers of one run."""

    working: PipelineJobStatus | None = None
    written_at: float = NEVER
    lookups: dict[ResultQuestion, Lookup] = field(default_factory=dict[ResultQuestion, Lookup])
    asked: set[ResultQuestion] = field(default_factory=set[ResultQuestion])
    reads: dict[PodQuestion, PodRead] = field(default_factory=dict[PodQuestion, PodRead])
    to_read: set[PodQuestion] = field(default_factory=set[PodQuestion])
    refusals: Refusals = field(default_factory=Refusals)
    made: MadeChildren = field(default_factory=MadeChildren)


class PlayedEngine:
    """Reconciles what is marked until nothing is; all it knows is lost at a restart."""

    def __init__(
        self,
        stored: OwnObjects,
        cluster: PretendCluster,
        settings: PlanSettings,
        invariants: Invariants,
        wall_clock: Callable[[], datetime],
        *,
        crash_at: int | None,
        forgetful: bool,
    ) -> None:
        self.events: list[Event] = []
        self.facts: list[Fact] = []
        self.crashes = 0
        self.points = 0
        self.status_writes = 0
        self._stored = stored
        self._cluster = cluster
        self._settings = settings
        self._invariants = invariants
        self._wall_clock = wall_clock
        self._crash_at = crash_at
        self._forgetful = forgetful
        self._marked: dict[str, None] = dict.fromkeys(stored.runs)
        self._agenda: Agenda[str] = Agenda()
        self._memory: dict[str, Memory] = {}
        self._looking_since = wall_clock()
        self._ready_since: dict[str, datetime] = {}
        self._ledger = SlotLedger()
        self._ledger.set_slots(self._slots(), self._moment())

    # --- what others tell it --------------------------------------------------------------------

    def mark(self, uid: str) -> None:
        """Something has happened to a run."""
        self._marked[uid] = None

    def mark_all(self) -> None:
        """Something has happened that may concern any run."""
        self._marked.update(dict.fromkeys(self._stored.runs))

    def nodes_changed(self) -> None:
        """A node came or went away."""
        nodes = self._cluster.nodes.items()
        ready = [name for name, node in nodes if node.ready]
        self._ready_since = {
            name: self._ready_since.get(name, self._wall_clock()) for name in ready
        }
        for uid in self._ledger.set_slots(self._slots(), self._moment()):
            self.mark(uid)
        self.mark_all()

    def changed_by_others(self, run: PipelineJob) -> None:
        """Somebody else has written a run: what was decided upon before is decided again."""
        self._put(run)
        self.mark(run.metadata.uid)

    def answer_questions(self) -> None:
        """The artifact store answers all that was asked of it."""
        for uid, memory in self._memory.items():
            for question in memory.asked:
                key = (uid, question.stage, question.attempt)
                results = self._cluster.results.get(key, [])
                memory.lookups[question] = Lookup(results[0] if results else None)
                self.mark(uid)
            memory.asked.clear()

    def answer_reads(self) -> None:
        """The API server answers what it was asked about Pods."""
        for uid, memory in self._memory.items():
            for question in memory.to_read:
                pods, job = self._cluster.pods, question.counted_by
                others = (p for uid, p in pods.items() if uid != question.uid)
                replaced = job != "" and any(p.metadata.controller_uid == job for p in others)
                read = PodRead(pods.get(question.uid), self._wall_clock(), replaced)
                memory.reads[question] = read
                self.mark(uid)
            memory.to_read.clear()

    def restart(self) -> None:
        """Everything that is only in memory is lost; every run says what it holds before turns."""
        self.crashes += 1
        self._looking_since = self._wall_clock()
        self._memory.clear()
        self._agenda = Agenda()
        self._ledger = SlotLedger()
        for uid in self._stored.runs:
            wanted = evaluate(self._snapshot(uid), self._wall_clock()).slot_requests
            self._ledger.request(uid, wanted, self._moment())
        self._ledger.set_slots(self._slots(), self._moment())
        self.mark_all()

    # --- reconcile ------------------------------------------------------------------------------

    def work(self) -> None:
        """Reconcile what is marked or due, until nothing is."""
        for uid in (*self._agenda.take_due(self._clock()), *self._ledger.tick(self._moment())):
            self.mark(uid)
        for _ in range(60 * max(1, len(self._stored.runs))):
            if not self._marked:
                self._invariants.check(self._stored.runs.values())
                return
            uid = next(iter(self._marked))
            del self._marked[uid]
            try:
                self._reconcile(uid)
                self._agenda.succeeded(uid)
            except Outdated:
                self._of(uid).working = None
                self._again_in(uid, self._agenda.pause_after_failure(uid, 0.05, 30.0))
            except Crash:
                self.restart()
        raise AssertionError(f"reconciled again and again: {[*self._marked]}")

    def _reconcile(self, uid: str) -> None:
        if uid not in self._stored.runs:
            self._ledger.request(uid, (), self._moment())
            return
        done: list[Action] = []
        for _ in range(5):
            snapshot, now = self._snapshot(uid), self._wall_clock()
            plan = self._decide(uid, snapshot, now)
            if not self._act(uid, plan.actions, done):
                self._finish(uid, snapshot.run, plan)
                return
        raise AssertionError("refused again and again")

    def _decide(self, uid: str, snapshot: Snapshot, now: datetime) -> RunPlan:
        evaluated = evaluate(snapshot, now)

        def ask(wanted: Sequence[SlotRequest]) -> dict[str, Turn]:
            for other in self._ledger.request(uid, wanted, self._moment()):
                self.mark(other)
            return self._ledger.turns(uid)

        plan = finish(evaluated, evaluated.turns(ask), now)
        self._invariants.check_plan(snapshot, plan, now)
        return plan

    def _act(self, uid: str, actions: Iterable[Action], done: list[Action]) -> bool:
        """Each by itself; True: something is refused now, or is not any more."""
        learned, refusals = False, self._of(uid).refusals
        for action in actions:
            if action in done or refusals.pause(action.key, self._clock()) > 0:
                continue
            refusal = self._perform(uid, action)
            if refusal is None:
                done.append(action)
                learned = refusals.done(action.key) or learned
            else:
                refusals.note(action.key, refusal, self._clock())
                learned = True
        return learned

    def _finish(self, uid: str, run: PipelineJob, plan: RunPlan) -> None:
        self._write_status(uid, run, plan)
        if self._act(uid, plan.afterwards, []):
            self.mark(uid)
        self.events.extend(plan.events)
        self.facts.extend(plan.facts)
        memory = self._of(uid)
        memory.asked.update(q for q in plan.questions if isinstance(q, ResultQuestion))
        memory.to_read.update(q for q in plan.questions if isinstance(q, PodQuestion))
        if plan.wake_at is not None:
            self._agenda.put(uid, (plan.wake_at - T0).total_seconds())
        seconds = self._of(uid).refusals.next_due(self._clock())
        if seconds is not None:
            self._again_in(uid, seconds + MARGIN_SECONDS)

    def _write_status(self, uid: str, run: PipelineJob, plan: RunPlan) -> None:
        memory = self._of(uid)
        if uid not in self._stored.runs or (plan.status is None and memory.working is None):
            return
        wanted = plan.status or run.status
        if not plan.status_is_urgent and self._forgetful:
            if memory.working is None and not run.status.stages:
                memory.working = wanted  # accepted, and that is known to nobody else
                self.mark(uid)
            return
        wait = self._seconds_to_wait(memory, urgent=plan.status_is_urgent)
        if wait > 0:
            memory.working = wanted
            self._again_in(uid, wait)
            return
        self._point()
        memory.written_at = self._clock()
        self.status_writes += 1
        status = PipelineJobStatus.model_validate(stored_document(wanted))
        self._put(self._stored.runs[uid].model_copy(update={"status": status}))
        if plan.again_once_stored:
            self.mark(uid)
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

    def _perform(self, uid: str, action: Action) -> Refusal | None:
        self._point()
        refusal = None
        try:
            match action:
                case Create(resource, purpose=Purpose() as purpose) if resource == JOBS:
                    refusal = self._create(uid, action, purpose)
                case Create() | DryRun():
                    pass  # a revision of stages; the runs here have their own
                case Ungate():
                    self._cluster.ungate(action)
                case Delete(target):
                    self._delete(target)
                case Answer(intervention, status):
                    self._stored.answer(intervention.uid, status)
        except Outdated as error:
            refusal = Refusal("Outdated", str(error))
        self._point()
        return refusal

    def _create(self, uid: str, action: Create, purpose: Purpose) -> Refusal | None:
        known = any(job.metadata.name == action.name for job in self._cluster.jobs.values())
        answer = self._cluster.create(action, self._wall_clock())
        if isinstance(answer, Refusal):
            return answer
        self._of(uid).made.note(action.name, purpose, answer)
        if known:
            self.mark(uid)
        return None

    def _delete(self, target: ObjectRef) -> None:
        match target.resource.plural:
            case "jobs":
                self._cluster.delete_job(target.uid, self._wall_clock())
            case "pods":
                self._cluster.delete_pod(target.uid, self._wall_clock())
            case "interventions":
                self._stored.drop_request(target.uid)
            case _:
                self._stored.runs.pop(target.uid, None)
                self.mark(target.uid)

    def _point(self) -> None:
        """Before and after each write the operator may be killed."""
        self.points += 1
        if self.points == self._crash_at:
            raise Crash

    # --- what it knows --------------------------------------------------------------------------

    def _snapshot(self, uid: str) -> Snapshot:
        run, memory = self._stored.runs[uid], self._of(uid)
        if memory.working is not None:
            run = run.model_copy(update={"status": memory.working})
        accepted = run.spec.stages is not None and bool(run.status.stages)
        jobs, pods = self._cluster.children_of(uid)
        return Snapshot(
            run=run,
            settings=self._settings,
            resolved=Resolved(run.spec.stages or [], None) if accepted else None,
            jobs=jobs,
            pods=pods,
            nodes=dict(self._cluster.nodes),
            slots=self._slots(),
            interventions=self._stored.asked_of(run),
            lookups=dict(memory.lookups),
            reads=dict(memory.reads),
            looking_since=self._looking_since,
            ready_since=dict(self._ready_since),
            refusals=memory.refusals.known(self._clock()),
            made=memory.made.view(),
        )

    def _put(self, run: PipelineJob) -> None:
        self._stored.put(run)
        self._of(run.metadata.uid).working = None

    def _of(self, uid: str) -> Memory:
        return self._memory.setdefault(uid, Memory())

    def _slots(self) -> dict[str, int]:
        return slots_of(self._settings.fleet, self._cluster.nodes)

    def _again_in(self, uid: str, seconds: float) -> None:
        self._agenda.put(uid, self._clock() + seconds)

    def _moment(self) -> Moment:
        return Moment(self._wall_clock(), self._clock())

    def _clock(self) -> float:
        return (self._wall_clock() - T0).total_seconds()
