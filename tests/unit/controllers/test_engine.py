"""What becomes of a key whose reconcile fails, and that nobody else is disturbed by it."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from stagework.api.kinds import INTERVENTION
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.cache.selections import objects_of
from stagework.cluster.client.errors import (
    Forbidden,
    NamespaceTerminating,
    ServerError,
    Unreachable,
)
from stagework.cluster.lease import NotLeading
from stagework.cluster.refused import Outdated
from stagework.controllers.controller import Key, View
from stagework.controllers.engine import Engine
from stagework.controllers.metrics import Metrics
from stagework.controllers.work_queue import WorkQueue
from stagework.plans.plan import Delete, Plan
from tests.support.builders import NAMESPACE, T0, make_own
from tests.support.lamps import LAMP, LampStatus
from tests.support.unwatched import make_cache
from tests.unit.controllers.standins import (
    Applied,
    Clock,
    Journal,
    Posted,
    Scripted,
    let_others_run,
)

LAMPS = objects_of(LAMP)
SHINES = LampStatus(shines=True)
Step = Callable[[View[LampStatus]], Plan[LampStatus]]


def key(name: str, namespace: str = NAMESPACE) -> Key:
    return Key("Lamp", namespace, name)


BAD, GOOD = key("bad"), key("good")


class Timed(WorkQueue[Key]):
    """A real queue whose dates come only when the test says so."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.pauses: dict[Key, list[float]] = {}

    def add_after(self, key: Key, seconds: float) -> None:
        self.pauses.setdefault(key, []).append(seconds)


class Shop(Scripted):
    """Of lamps; each one's decisions are functions, one after the other, then nothing."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal)
        self.steps: dict[str, list[Step]] = {}
        self.began = asyncio.Event()
        self.beside: list[Coroutine[Any, Any, None]] = []
        self.prepared: dict[str, Exception] = {}
        self.hangs: set[str] = set()

    async def prepare(self, known: OwnObject) -> Any:
        name = known.metadata.name
        if name in self.hangs:
            self.began.set()
            await asyncio.Event().wait()
        if name in self.prepared:
            raise self.prepared[name]
        return None

    def decide(self, view: View[LampStatus], now: datetime) -> Plan[LampStatus]:
        super().decide(view, now)
        steps = self.steps.get(view.object.metadata.name, [])
        return steps.pop(0)(view) if steps else Plan()

    def background(self) -> Iterable[Coroutine[Any, Any, None]]:
        return self.beside

    def after_last_decision(self) -> None:
        self.journal.append("the end")

    async def before_first_decision(self) -> None:
        self.journal.append("the beginning")


def fails(error: BaseException) -> Step:
    """A decision that raises."""

    def step(_view: View[LampStatus]) -> Plan[LampStatus]:
        raise error

    return step


def wants(plan: Plan[LampStatus]) -> Step:
    return lambda _view: plan


class House:
    """An engine with real parts, over an API server that answers all or fails as told."""

    def __init__(self, workers: int = 2) -> None:
        self.done: Journal = []
        self.clock = Clock()
        self.cache = make_cache(LAMPS, objects_of(INTERVENTION))
        self.queue = Timed(self.clock)
        self.applied = Applied(self.cache, self.done)
        self.shop = Shop(self.done)
        self.registry = CollectorRegistry()
        self.engine = Engine(
            self.cache,
            self.applied,
            (self.shop,),
            self.queue,
            events=Posted(self.done),
            metrics=Metrics(self.registry, "test"),
            workers=workers,
            clock=self.clock,
            wall_clock=lambda: T0,
        )

    def has(self, *keys: Key) -> None:
        for one in keys:
            known = make_own(one.name, namespace=one.namespace, uid=f"uid-of-{one.name}")
            self.cache.offer(LAMPS, one.namespace, known, deleted=False)

    @asynccontextmanager
    async def leads(self) -> AsyncGenerator[None]:
        """Until all that can be done now is done; then it goes on until the end of the block."""
        task = asyncio.create_task(self.engine.lead())
        await self.settles()
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def settles(self) -> None:
        for _ in range(10):
            await let_others_run()

    async def again(self, one: Key) -> None:
        self.queue.add(one)
        await self.settles()

    @property
    def waiting(self) -> int:
        """Keys that a worker could take at once."""
        return len(self.queue)

    def decided(self, name: str) -> int:
        return self.done.count(f"decide about {name}")


@pytest.fixture
def house() -> House:
    house = House()
    house.has(BAD, GOOD)
    return house


# A failure costs its own key a pause, which grows, and nobody else anything.


@pytest.mark.parametrize(
    ("error", "pauses"),
    [
        (Outdated("newer"), [0.05, 0.1, 0.2]),
        (NotLeading("not fresh"), [1.0, 2.0, 4.0]),
        (Unreachable("no answer"), [0.5, 1.0, 2.0]),
        (ServerError("boom"), [0.5, 1.0, 2.0]),
        (Forbidden("no"), [0.5, 1.0, 2.0]),
        (ValueError("odd"), [5.0, 10.0, 20.0]),
        (RecursionError("deep"), [5.0, 10.0, 20.0]),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_what_cannot_be_read_for_a_decision_is_tried_again_after_a_growing_pause(
    house: House, error: Exception, pauses: list[float]
) -> None:
    house.shop.prepared["bad"] = error
    async with house.leads():
        await house.again(BAD)
        await house.again(BAD)
        assert house.queue.pauses == {BAD: pauses}
        assert house.decided("good") == 1
        assert not house.waiting, "neither is any worker lost"
        await house.again(GOOD)
        assert house.decided("good") == 2


async def test_no_pause_is_longer_than_five_minutes_nor_half_a_minute(house: House) -> None:
    for error, longest in ((ValueError("odd"), 300.0), (Unreachable("no"), 30.0)):
        house.shop.prepared["bad"] = error
        house.queue.succeeded(BAD)
        async with house.leads():
            for _ in range(10):
                await house.again(BAD)
        assert house.queue.pauses[BAD][-1] == longest


async def test_a_success_ends_the_growing_of_pauses(house: House) -> None:
    house.shop.prepared["bad"] = Unreachable("no answer")
    async with house.leads():
        await house.again(BAD)
        house.shop.prepared.clear()
        await house.again(BAD)
        house.shop.prepared["bad"] = Unreachable("no answer")
        await house.again(BAD)
    assert house.queue.pauses[BAD] == [0.5, 1.0, 0.5]


async def test_an_unforeseen_fault_of_a_decision_is_logged_with_its_trace_and_stops_no_other(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.shop.steps["bad"] = [fails(ZeroDivisionError("by none"))] * 3
    async with house.leads():
        await house.again(GOOD)
        assert house.decided("good") == 2
        assert house.queue.pauses == {BAD: [5.0]}
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert record.getMessage() == f"Lamp {NAMESPACE}/bad: cannot be reconciled"
    assert record.exc_info is not None


async def test_an_unforeseen_fault_of_a_write_stops_no_other_action_and_no_other_object(
    house: House,
) -> None:
    target = LAMP.ref(NAMESPACE, "bulb", "uid-of-bulb")
    other = LAMP.ref(NAMESPACE, "shade", "uid-of-shade")
    house.applied.fails["delete bulb"] = AttributeError("nothing of that name")
    house.shop.steps["bad"] = [wants(Plan(actions=(Delete(target), Delete(other))))]
    async with house.leads():
        assert "delete shade" in house.done
        assert house.decided("good") == 1


@pytest.mark.parametrize(
    ("error", "level"), [(Unreachable("no"), logging.WARNING), (Outdated("no"), logging.DEBUG)]
)
async def test_a_race_is_no_news_for_the_log(
    house: House, caplog: pytest.LogCaptureFixture, error: Exception, level: int
) -> None:
    caplog.set_level(logging.DEBUG, logger="stagework.controllers.engine")
    house.shop.prepared["bad"] = error
    async with house.leads():
        pass
    assert [r.levelno for r in caplog.records if "bad" in r.getMessage()] == [level]


# What was decided and not written is decided again.


async def test_after_a_failure_a_status_that_waits_is_not_decided_from(house: House) -> None:
    seen: list[LampStatus | None] = []

    def notes(view: View[LampStatus]) -> Plan[LampStatus]:
        seen.append(view.unwritten)
        return Plan()

    house.shop.steps["good"] = [wants(Plan(status=SHINES, urgent=True))]
    house.shop.steps["bad"] = [
        wants(Plan(status=SHINES, urgent=True)),
        wants(Plan(status=LampStatus(on=False))),
        notes,
    ]
    async with house.leads():
        await house.again(BAD)  # a status was written a moment ago: this one waits
        house.shop.prepared["bad"] = Unreachable("no answer")
        await house.again(BAD)
        house.shop.prepared.clear()
        await house.again(BAD)
    assert seen == [None]


async def test_who_does_not_lead_forgets_what_he_decided_and_comes_back(house: House) -> None:
    target = LAMP.ref(NAMESPACE, "bulb", "uid-of-bulb")
    house.applied.fails["delete bulb"] = NotLeading("not fresh")
    house.shop.steps["bad"] = [wants(Plan(actions=(Delete(target),), status=SHINES, urgent=True))]
    async with house.leads():
        assert house.queue.pauses == {BAD: [1.0]}
        assert "stored as version 2" not in house.done, "nothing is written any more"
        assert house.decided("good") == 1


# Leadership ends in the middle of it.


async def test_a_key_that_is_at_work_when_leadership_ends_is_left_for_who_leads_next(
    house: House,
) -> None:
    house.shop.hangs.add("bad")
    async with house.leads():
        await house.shop.began.wait()
        assert not house.waiting
    assert house.waiting == 1
    assert await house.queue.get() == BAD


async def test_a_key_that_changes_meanwhile_is_left_once(house: House) -> None:
    house.shop.hangs.add("bad")
    async with house.leads():
        await house.shop.began.wait()
        house.queue.add(BAD)
    assert house.waiting == 1


async def test_the_end_is_said_to_every_controller_and_nothing_is_decided_after_it(
    house: House,
) -> None:
    async with house.leads():
        assert house.done[0] == "the beginning"
    assert house.done[-1] == "the end"
    await house.again(GOOD)
    assert house.done[-1] == "the end"


async def test_what_runs_beside_the_decisions_ends_with_leadership(house: House) -> None:
    ended: list[bool] = []

    async def for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    house.shop.beside = [for_ever()]
    async with house.leads():
        assert not ended
    assert ended == [True]


async def test_who_leads_anew_decides_about_all_and_remembers_nothing(house: House) -> None:
    house.shop.prepared["bad"] = Unreachable("no answer")
    async with house.leads():
        pass
    house.shop.prepared.clear()
    async with house.leads():
        assert house.decided("bad") == 1
        assert house.decided("good") == 2


# A namespace that ends.


async def test_in_a_namespace_that_ends_nobody_is_tried_again_and_others_go_on() -> None:
    house = House(workers=1)
    ends, neighbour, elsewhere = key("bad", "attic"), key("good", "attic"), key("other", "team")
    house.has(ends, neighbour, elsewhere)
    target = LAMP.ref("attic", "bulb", "uid-of-bulb")
    house.applied.fails["delete bulb"] = NamespaceTerminating("attic is being terminated")
    house.shop.steps["bad"] = [wants(Plan(actions=(Delete(target),)))]

    async with house.leads():
        await house.again(ends)
        await house.again(neighbour)
        assert not house.queue.pauses, "nothing brings it round again"
        assert house.decided("bad") == 1
        assert {"release uid-of-bad", "release uid-of-good"} <= set(house.done)
        assert "release uid-of-other" not in house.done
        assert house.decided("other") == 1


# How long it took.


async def test_every_reconcile_is_measured_also_one_that_fails(house: House) -> None:
    house.shop.prepared["bad"] = ValueError("odd")
    async with house.leads():
        pass
    count = house.registry.get_sample_value("stagework_reconcile_duration_seconds_count")
    assert count == 2
