"""The store, the runs in it, the clock, and an operator with no more memory than the real one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from stagework.api.base import Metadata
from stagework.api.intervention import Intervention
from stagework.api.scheduledjob import ScheduledJob, ScheduledJobSpec, ScheduledJobStatus
from stagework.plans.made import MadeChildren
from stagework.plans.plan import ActionKey, Create, Delete, DryRun, Purpose, Refusal
from stagework.plans.scheduledjob.plan import plan
from stagework.plans.scheduledjob.snapshot import RunSeen, SchedulePlan, Snapshot
from tests.support.builders.schedules import NAMESPACE

RETRY: Final = timedelta(seconds=30)
"""So long after a refusal the real operator tries again, at the latest."""
ROUNDS: Final = 100
"""More decisions than one moment needs."""


_NO_ANSWER: Final = Refusal("Unavailable", "no answer")


class Died(Exception):  # noqa: N818 - it is what happens, no error
    """The operator is killed at this write."""


@dataclass
class Run:
    """A run in the store."""

    name: str
    uid: str
    began: datetime
    ends: datetime
    succeeds: bool
    spec: Mapping[str, Any]

    def seen(self, now: datetime) -> RunSeen:
        if now < self.ends:
            return RunSeen()
        seconds = round((self.ends - self.began).total_seconds())
        return RunSeen(True, self.succeeds, seconds, self.ends)


@dataclass(kw_only=True)
class RunStore:
    """The runs that there are, and those that there were."""

    lasts: Callable[[], tuple[float, bool]] = lambda: (5.0, True)
    """Seconds that the next run takes, and whether it succeeds."""
    refuses: Callable[[Mapping[str, Any]], Refusal | None] = lambda _: None
    """What the API server says against a run that is to be made."""
    runs: dict[str, Run] = field(default_factory=dict[str, Run])
    made: list[tuple[str, datetime]] = field(default_factory=list[tuple[str, datetime]])
    """Every run that was ever made, with the time."""
    gone: list[RunSeen] = field(default_factory=list[RunSeen])
    """What had become of runs when they were deleted."""
    most_at_once: int = 0

    def make_run(self, name: str, spec: Mapping[str, Any], now: datetime) -> None:
        """One more, unless it is there."""
        if name in self.runs:
            return
        seconds, succeeds = self.lasts()
        ends = now + timedelta(seconds=seconds)
        self.made.append((name, now))
        self.runs[name] = Run(name, f"uid-{len(self.made)}", now, ends, succeeds, spec)
        at_work = sum(now < run.ends for run in self.runs.values())
        self.most_at_once = max(self.most_at_once, at_work)

    def remove_run(self, name: str, now: datetime) -> bool:
        """False: there is none of that name."""
        run = self.runs.pop(name, None)
        if run is not None:
            self.gone.append(run.seen(now))
        return run is not None


@dataclass
class ScheduleWorld(RunStore):
    """Everything; `go_on` lets time pass."""

    schedule: ScheduledJob
    now: datetime
    at_write: Callable[[str], str] = lambda _: ""
    """What happens at a write: nothing, `die before`, `die after`."""
    ahead: timedelta = timedelta()
    """By so much is the operator's clock wrong."""
    api_answers: bool = True
    alive: bool = True
    events: list[str] = field(default_factory=list[str])
    requests: list[Intervention] = field(default_factory=list[Intervention])
    _memory: MadeChildren = field(default_factory=MadeChildren)
    _refusals: dict[ActionKey, Refusal] = field(default_factory=dict[ActionKey, Refusal])
    _wake: datetime | None = None

    @property
    def status(self) -> ScheduledJobStatus:
        """As it is stored."""
        return self.schedule.status

    def change(self, **spec: Any) -> None:
        """A person edits it."""
        written = {**self.schedule.spec.model_dump(exclude_unset=True), **spec}
        generation = self.schedule.metadata.generation + 1
        self._replace(
            metadata=self.schedule.metadata.model_copy(update={"generation": generation}),
            spec=ScheduledJobSpec.model_validate(written),
        )
        self.act()

    def die(self) -> None:
        """Its memory is gone."""
        self.alive = False
        self._memory, self._refusals, self._wake = MadeChildren(), {}, None

    def start(self) -> None:
        """Another one begins."""
        self.alive = True
        self.act()

    def go_on(self, until: datetime) -> None:
        """Let time pass, and the operator act when something happens."""
        self.act()
        while True:
            ends = (run.ends for run in self.runs.values() if run.ends > self.now)
            wake = self._wake - self.ahead if self.alive and self._wake is not None else until
            self.now = min((*ends, max(wake, self.now), until))
            self.act()
            if self.now >= until:
                return

    def act(self) -> None:
        """Decide and perform, until nothing more is to be done at this moment."""
        for _ in range(ROUNDS):
            if not self.alive:
                return
            clock = self.now + self.ahead
            decided = plan(self._snapshot(), clock)
            self._wake = decided.wake_at
            try:
                changed = self._perform(decided)
            except Died:
                self.die()
                return
            if self._refusals:
                self._wake = min(self._wake or clock + RETRY, clock + RETRY)
            if not changed and (self._wake is None or self._wake > clock):
                return
        raise AssertionError("the operator turns round and round")

    def _perform(self, decided: SchedulePlan) -> bool:
        changed, wanted = False, {action.key for action in decided.actions}
        self._refusals = {key: said for key, said in self._refusals.items() if key in wanted}
        for action in decided.actions:
            if isinstance(action, Create):
                changed = self._create(action) or changed
            elif isinstance(action, DryRun):
                changed = self._dry_run(action) or changed
            elif isinstance(action, Delete) and self._write("delete"):
                changed = self.remove_run(action.target.name, self.now) or changed
        if decided.status is not None:
            if self._write("status", decided.status):
                self.requests.clear()  # a note in the status says that they were answered
                self.events += [event.message for event in decided.events]
                return True
            self._wake = self.now + self.ahead + RETRY
        return changed

    def _create(self, action: Create) -> bool:
        purpose = action.purpose or Purpose("", 0)
        if action.adopt_only and action.name not in self.runs:
            raise AssertionError(f"{action.name} was said to stand")
        if not self._write("create", action):
            return _is_news(self._refusals, action.key, _NO_ANSWER)
        self._refusals.pop(action.key, None)
        run = self.runs[action.name]
        if run.spec != action.manifest["spec"]:
            return self._memory.note_taken(action.name, purpose)
        self._memory.note(action.name, purpose, run.uid)
        return True

    def _dry_run(self, action: DryRun) -> bool:
        refusal = self.refuses(action.create.manifest) if self.api_answers else _NO_ANSWER
        if refusal is not None:
            return _is_news(self._refusals, action.key, refusal)
        self._refusals.pop(action.key, None)
        self._memory.note_accepted(action.create.name, action.create.purpose or Purpose("", 0))
        return True

    def _write(self, what: str, given: Any = None) -> bool:
        """False: the API server gives no answer."""
        fate = self.at_write(what)
        if fate == "die before":
            raise Died
        if self.api_answers or fate == "lose the answer":
            self._store(what, given)
        if fate == "die after":
            raise Died
        return self.api_answers

    def _store(self, what: str, given: Any) -> None:
        if what == "create":
            self.make_run(given.name, given.manifest["spec"], self.now)
        if what == "status":
            stored = ScheduledJobStatus.model_validate_json(given.model_dump_json())
            self._replace(status=stored)

    def _replace(self, **parts: Any) -> None:
        old = self.schedule
        whole: dict[str, Any] = {"metadata": old.metadata, "spec": old.spec, "status": old.status}
        self.schedule = ScheduledJob.model_construct(**{**whole, **parts})

    def _snapshot(self) -> Snapshot:
        recorded = {run.uid for run in (*self.status.activeRuns, *self.status.endedRuns)}
        there = {run.uid: run.seen(self.now) for run in self.runs.values()}
        return Snapshot(
            self.schedule,
            runs={uid: seen for uid, seen in there.items() if uid in recorded},
            gone=frozenset(recorded - there.keys()),
            remembered=frozenset(there),
            standing=frozenset(self.runs),
            interventions=tuple(self.requests),
            made=self._memory.view(),
            refusals={key: replace(refusal) for key, refusal in self._refusals.items()},
        )


def _is_news(refusals: dict[ActionKey, Refusal], action: ActionKey, refusal: Refusal) -> bool:
    """Whether that action was not refused before; from now on it is."""
    known, refusals[action] = action in refusals, refusal
    return not known


def request(verb: str, number: int, now: datetime) -> Intervention:
    """What a person asks of it."""
    return Intervention.model_validate(
        {
            "metadata": Metadata(
                name=f"ask-{number}",
                namespace=NAMESPACE,
                uid=f"request-{number}",
                creationTimestamp=now.replace(microsecond=0),
            ),
            "spec": {"target": {"kind": "ScheduledJob", "name": "nightly"}, "verb": verb},
        }
    )
