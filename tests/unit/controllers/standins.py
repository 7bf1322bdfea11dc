"""Stand-ins for what stands around a part of the engine; all write into one journal."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from stagework.api.base import Observed
from stagework.api.machines import Fleet
from stagework.api.observed import PodView
from stagework.api.resources import ObjectRef
from stagework.cluster.apply import Applier
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject, tombstone_of
from stagework.cluster.events import EventPoster
from stagework.cluster.refused import Refused
from stagework.controllers.controller import Controller, Key, View
from stagework.controllers.pipelinejobs.slots import Slots
from stagework.controllers.work_queue import WorkQueue
from stagework.plans.plan import (
    Action,
    Answer,
    Cause,
    Create,
    Delete,
    DryRun,
    Event,
    Fact,
    Plan,
    Question,
    Refusal,
    Ungate,
)
from stagework.policies.slots.request import Moment
from tests.support.builders import T0, make_own
from tests.support.lamps import LAMP, LampStatus
from tests.support.unwatched import nobody

Journal = list[str]


async def let_others_run() -> None:
    """Whatever can go on without time passing does."""
    for _ in range(5):
        await asyncio.sleep(0)


def make_slots(
    fleet: Fleet,
    wake: Callable[[Key], None] = lambda _run: None,
    pods: dict[str, PodView] | None = None,
) -> Slots:
    """Slots on which no time passes; `pods`: those that are there, by uid."""
    there = pods if pods is not None else {}
    return Slots(
        fleet,
        wake,
        pod_of=lambda _namespace, uid: there.get(uid),
        moment=lambda: Moment(T0, 0.0),
    )


class Clock:
    """Seconds that a test moves by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Queue(WorkQueue[Key]):
    """Keeps which keys are wanted at once and which later, and hands none of them out."""

    def __init__(self) -> None:
        super().__init__(lambda: 0.0)
        self.wanted: list[Key] = []
        self.later: list[tuple[Key, float]] = []
        self.steps: list[Key] = []

    def add(self, key: Key) -> None:
        self.wanted.append(key)

    def add_after(self, key: Key, seconds: float) -> None:
        self.later.append((key, seconds))

    def progressed(self, key: Key) -> None:
        self.steps.append(key)


class Applied(Applier):
    """Notes what is to be done; an action or write of these words fails."""

    def __init__(self, cache: Cache, journal: Journal) -> None:
        super().__init__(nobody(), cache)
        self._own_cache = cache
        self._journal = journal
        self.fails: dict[str, Exception] = {}
        self.live: dict[str, OwnObject] = {}
        """What the API server has, by uid."""

    async def perform(self, owner: ObjectRef, action: Action) -> None:
        self._note(in_words(action))

    async def write_status(self, target: ObjectRef, status: Observed) -> OwnObject:
        self._note("write status")
        version = int(target.resource_version) + 1
        body = status.model_dump(mode="json")
        stored = make_own(
            target.name, uid=target.uid, version=version, spec={"watts": 40}, status=body
        )
        self._own_cache.record(
            target.resource, target.namespace, msgspec.json.encode(stored), target
        )
        return stored

    async def read(self, target: ObjectRef) -> OwnObject | None:
        self._note(f"read {target.name}")
        return self.live.get(target.uid)

    def _note(self, what: str) -> None:
        self._journal.append(what)
        if what in self.fails:
            raise self.fails[what]


def refused(cause: Cause, message: str) -> Refused:
    """An action is not done."""
    return Refused(Refusal(cause, message))


def in_words(action: Action) -> str:
    """What it does to which object."""
    match action:
        case Create():
            return f"create {action.name}"
        case DryRun():
            return f"would create {action.create.name}"
        case Delete():
            return f"delete {action.target.name}"
        case Ungate():
            return f"ungate {action.pod.name}"
        case Answer():
            return f"answer {action.intervention.name}: {action.status.summary}"


class Posted(EventPoster):
    """Notes Events instead of sending them."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(nobody(), "tests", lambda: T0)
        self._journal = journal

    def post(self, about: ObjectRef, event: Event) -> None:
        self._journal.append(f"event {event.reason} on {about.name}")


class Scripted(Controller[LampStatus]):
    """Of lamps; decides what the test has written down, one plan after the other, then nothing."""

    kind = LAMP

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.plans: list[Plan[LampStatus]] = []
        self.views: list[View[LampStatus]] = []

    def decide(self, view: View[LampStatus], now: datetime) -> Plan[LampStatus]:
        self.views.append(view)
        self.journal.append(f"decide about {view.object.metadata.name}")
        return self.plans.pop(0) if self.plans else Plan()

    def answer(self, about: ObjectRef, question: Question) -> Any:
        self.journal.append(f"ask about {about.name}")
        return self._answer()

    def record(self, facts: Sequence[Fact]) -> None:
        self.journal.extend(f"record {type(fact).__name__}" for fact in facts)

    def stored(self, known: OwnObject, status: LampStatus) -> None:
        self.journal.append(f"stored as version {known.metadata.resourceVersion}")

    def tombstone(self, known: OwnObject) -> OwnObject:
        return tombstone_of(known, {})

    def forget(self, uid: str) -> None:
        self.journal.append(f"forget {uid}")

    def release(self, uid: str) -> None:
        self.journal.append(f"release {uid}")

    async def _answer(self) -> str:
        return "yes"
