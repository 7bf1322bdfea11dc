"""One reconcile of one object: its early ends, and what is kept and forgotten on the way."""

import logging
from datetime import datetime
from typing import Any

import pytest

from stagework.api.kinds import INTERVENTION, PIPELINEJOB
from stagework.api.resources import JOBS, ObjectRef
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.cache.selections import objects_of
from stagework.cluster.refused import Outdated
from stagework.controllers.controller import Controller, Key, Unreadable, View
from stagework.controllers.lookups import Lookups
from stagework.controllers.memory import Memory
from stagework.controllers.objects import Objects
from stagework.controllers.performer import Performer
from stagework.controllers.reconciler import Reconciler
from stagework.controllers.refusals import Refusals
from stagework.controllers.status_writer import StatusWriter
from stagework.plans.plan import Create, Delete, Event, Plan, Purpose, Question, Refusal, creation
from stagework.plans.status_writes import LONGEST_MERGE_SECONDS, MERGE_SECONDS
from tests.support.builders import NAMESPACE, T0, as_cached, make_intervention, make_own
from tests.support.lamps import LAMP, LampStatus
from tests.support.unwatched import make_cache
from tests.unit.controllers.standins import (
    Applied,
    Clock,
    Journal,
    Posted,
    Queue,
    Scripted,
    let_others_run,
    refused,
)

LAMPS, RUNS, REQUESTS = map(objects_of, (LAMP, PIPELINEJOB, INTERVENTION))
KEY, UID = Key("Lamp", NAMESPACE, "same"), "uid-of-same"
MAKING, REFUSAL = creation("bulb", 1), Refusal("Invalid", "no socket")
OVER = Plan[LampStatus](nothing_to_come=True)
SHINES = LampStatus(shines=True)


class Runs(Scripted):
    """Of runs: a second kind with the same names."""

    kind: Any = PIPELINEJOB


class Broken(Scripted):
    """Cannot read any object; what is done about it is what the test has written down."""

    def decide(self, view: View[LampStatus], now: datetime) -> Plan[LampStatus]:
        raise Unreadable("spec.watts: not a number")

    def unreadable(self, known: OwnObject, fault: str, now: datetime) -> Plan[LampStatus] | None:
        self.journal.append(f"unreadable at {now:%H:%M}: {fault}")
        return self.plans.pop(0) if self.plans else super().unreadable(known, fault, now)


class Unprepared(Broken):
    """Learns it from what it reads before it decides."""

    async def prepare(self, known: OwnObject) -> Any:
        raise Unreadable(f"revision of {known.metadata.name}: not there")


class House:
    """A reconciler with all its parts, and a journal of what they did."""

    def __init__(self, lamps: type[Scripted] = Scripted) -> None:
        self.done: Journal = []
        self.clock, self.queue = Clock(), Queue()
        self.cache = make_cache(LAMPS, RUNS, REQUESTS)
        self.applied = Applied(self.cache, self.done)
        self.lamps, self.runs = lamps(self.done), Runs(self.done)
        controllers: tuple[Controller[Any], ...] = (self.lamps, self.runs)
        statuses = StatusWriter(
            self.applied, at_work=lambda: 0, queue_latency=lambda: 0.0, clock=self.clock
        )
        lookups = Lookups(self.queue.add, self.queue.add_after)
        self.memory = Memory(statuses, Refusals(self.clock), lookups)
        self.reconciler = Reconciler(
            self.cache,
            Objects(self.cache, self.applied, controllers),
            controllers,
            memory=self.memory,
            performer=Performer(self.applied, self.memory, self.queue, Posted(self.done)),
            queue=self.queue,
            wall_clock=lambda: T0,
        )

    def has(self, known: OwnObject, selection: Any = LAMPS) -> OwnObject:
        self.cache.offer(selection, known.metadata.namespace, known, deleted=False)
        return known

    def loses(self, known: OwnObject) -> None:
        self.cache.offer(LAMPS, known.metadata.namespace, known, deleted=True)

    async def reconcile(self, *plans: Plan[LampStatus], key: Key = KEY) -> Journal:
        """Reconcile with these plans, and say what was done."""
        self.done.clear()
        self.lamps.plans = list(plans)
        await self.reconciler.reconcile(key)
        return self.done

    @property
    def kept(self) -> OwnObject:
        (known,) = self.cache.all(LAMPS)
        return known

    def believes(self, uid: str = UID) -> bool:
        """Whether a refusal of it is remembered."""
        return self.memory.refusals.known(uid) == {MAKING: REFUSAL}

    def remembers(self, uid: str = UID) -> None:
        self.memory.refusals.remember(uid, MAKING, REFUSAL)


LAMP_OBJECT = make_own(spec={"watts": 40})


@pytest.fixture
def house() -> House:
    house = House()
    house.has(LAMP_OBJECT)
    return house


# It is decided about.


async def test_what_is_decided_about_an_object_is_done(house: House) -> None:
    house.has(make_own(), RUNS)

    assert await house.reconcile(Plan(events=(Event("Lit", "power is back"),))) == [
        "decide about same",
        "event Lit on same",
    ]
    (view,) = house.lamps.views
    assert view.object is LAMP_OBJECT
    assert house.runs.views == [], "its namesake of another kind is another object"


async def test_a_decision_sees_all_that_is_remembered_of_the_object(house: House) -> None:
    question = Question()
    first = make_intervention("Switch", uid="iv-1", target="same")
    house.has(as_cached(first.model_copy(update={"spec": _for_lamps(first.spec)})), REQUESTS)
    house.has(as_cached(make_intervention("Switch", uid="iv-2", target="same")), REQUESTS)
    house.remembers()
    await house.reconcile(Plan(status=LampStatus()))
    await house.reconcile(Plan(status=SHINES, questions=(question,)))
    await let_others_run()
    await house.reconcile(Plan())

    view = house.lamps.views[-1]
    assert [request.metadata.uid for request in view.interventions] == ["iv-1"]
    assert view.unwritten == SHINES
    assert view.answers == {question: "yes"}
    assert view.refusals == {MAKING: REFUSAL}


def _for_lamps(spec: Any) -> Any:
    return spec.model_copy(update={"target": spec.target.model_copy(update={"kind": "Lamp"})})


async def test_after_a_failure_what_was_not_written_is_decided_again(house: House) -> None:
    await house.reconcile(Plan(status=LampStatus()))
    await house.reconcile(Plan(status=SHINES))
    house.reconciler.failed(KEY)
    await house.reconcile()

    assert house.lamps.views[-1].unwritten is None


async def test_a_failure_of_one_that_is_gone_is_none() -> None:
    House().reconciler.failed(KEY)


# It is gone.


async def test_requests_for_one_that_was_never_there_are_refused() -> None:
    house = House()
    request = make_intervention("Switch", target="same")
    house.has(as_cached(request.model_copy(update={"spec": _for_lamps(request.spec)})), REQUESTS)

    assert await house.reconcile() == ["answer same-iv-1: Refused"]


async def test_one_that_is_gone_holds_nothing_and_is_forgotten(house: House) -> None:
    await house.reconcile()
    house.remembers()
    house.loses(LAMP_OBJECT)

    assert await house.reconcile() == [f"forget {UID}", f"release {UID}"]
    assert not house.believes()
    assert await house.reconcile() == [], "once"


async def test_one_that_is_gone_before_its_first_reconcile_is_released_all_the_same(
    house: House,
) -> None:
    house.reconciler.begin()
    house.loses(LAMP_OBJECT)

    assert await house.reconcile() == [f"forget {UID}", f"release {UID}"]


async def test_a_namesake_made_anew_releases_the_old_one(house: House) -> None:
    await house.reconcile()
    house.remembers()
    house.loses(LAMP_OBJECT)
    house.has(make_own(uid="u2", version=9, spec={"watts": 60}))

    assert await house.reconcile() == [f"forget {UID}", f"release {UID}", "decide about same"]
    assert not house.believes()
    assert house.lamps.views[-1].object.metadata.uid == "u2"
    assert await house.reconcile() == ["decide about same"], "once"


async def test_a_namesake_made_anew_releases_the_old_one_of_before_the_first_reconcile(
    house: House,
) -> None:
    house.reconciler.begin()
    house.loses(LAMP_OBJECT)
    house.has(make_own(uid="u2", version=9, spec={"watts": 60}))

    assert await house.reconcile() == [f"forget {UID}", f"release {UID}", "decide about same"]


async def test_where_requests_cannot_be_answered_it_holds_nothing_all_the_same(
    house: House,
) -> None:
    await house.reconcile()
    house.loses(LAMP_OBJECT)
    request = make_intervention("Switch", target="same")
    house.has(as_cached(request.model_copy(update={"spec": _for_lamps(request.spec)})), REQUESTS)
    answer = "answer same-iv-1: Refused"
    house.applied.fails[answer] = refused("Unavailable", "no route")

    assert await house.reconcile() == [f"forget {UID}", f"release {UID}", answer]
    house.applied.fails.clear()
    assert await house.reconcile() == [], "not at once"
    house.clock.now += 0.5
    assert await house.reconcile() == [answer]


async def test_a_new_leader_remembers_nothing(house: House) -> None:
    await house.reconcile(Plan(status=LampStatus()))
    await house.reconcile(Plan(status=SHINES))
    house.remembers()
    house.reconciler.begin()
    await house.reconcile()

    assert house.lamps.views[-1].unwritten is None
    assert house.lamps.views[-1].refusals == {}


# Its namespace is being deleted.


async def test_in_a_namespace_that_ends_nothing_is_decided_and_nothing_held(house: House) -> None:
    house.has(make_own("other", spec={"watts": 40}))
    house.has(make_own("run"), RUNS)
    house.has(make_own("elsewhere", namespace="kept", spec={"watts": 40}))

    house.reconciler.leave_namespace_alone(KEY)

    assert house.done == [f"release {UID}", "release uid-of-other", "release uid-of-run"]
    assert await house.reconcile() == []
    assert await house.reconcile(key=Key("Lamp", NAMESPACE, "other")) == []
    assert await house.reconcile(key=Key("PipelineJob", NAMESPACE, "run")) == []
    elsewhere = await house.reconcile(key=Key("Lamp", "kept", "elsewhere"))
    assert elsewhere == ["decide about elsewhere"]


async def test_the_end_of_a_namespace_is_said_once(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(3):
        house.reconciler.leave_namespace_alone(KEY)
    house.reconciler.leave_namespace_alone(Key("Lamp", NAMESPACE, "gone meanwhile"))

    assert [record.message for record in caplog.records] == [
        "namespace ads is being deleted: its objects are left alone"
    ]


async def test_in_a_namespace_that_was_made_anew_a_namesake_is_decided_about(house: House) -> None:
    await house.reconcile()
    house.reconciler.leave_namespace_alone(KEY)
    house.loses(LAMP_OBJECT)
    house.has(make_own(uid="u2", version=9, spec={"watts": 40}))

    assert (await house.reconcile())[-1] == "decide about same"


# It was evicted and is read again.


async def test_one_that_was_evicted_is_read_again_and_decided_about_whole(house: House) -> None:
    await house.reconcile(OVER)
    house.applied.live[UID] = LAMP_OBJECT

    assert await house.reconcile() == ["read same", "decide about same"]
    assert house.lamps.views[-1].object is LAMP_OBJECT
    assert house.kept is LAMP_OBJECT


async def test_one_that_was_evicted_and_is_gone_is_not_decided_about(house: House) -> None:
    await house.reconcile(OVER)

    assert await house.reconcile() == ["read same"]


async def test_one_that_says_nothing_was_not_evicted() -> None:
    house = House()
    house.has(make_own(spec={}))

    assert await house.reconcile() == ["decide about same"]


# Something is refused.

CREATE = Create(JOBS, "job-1", {}, Purpose("bulb", 1))
DROP = Delete(ObjectRef(JOBS, NAMESPACE, "job-0", "j0"))


async def test_what_is_refused_is_known_before_the_status_is_written(house: House) -> None:
    house.applied.fails["create job-1"] = refused("Denied", "no cost center")
    claims = Plan(actions=(CREATE, DROP), status=SHINES)
    says_why = Plan(actions=(CREATE, DROP), status=LampStatus(shines=False))

    assert await house.reconcile(claims, says_why) == [
        "decide about same",
        "create job-1",
        "delete job-0",
        "decide about same",
        "write status",
        "stored as version 2",
    ]
    assert house.lamps.views[1].refusals == {MAKING: Refusal("Denied", "no cost center")}
    assert b'"shines":false' in bytes(house.kept.status)


async def test_what_is_refused_no_more_is_known_before_the_status_is_written(
    house: House,
) -> None:
    house.remembers()
    house.clock.now += 3600

    assert await house.reconcile(Plan(actions=(CREATE,)), Plan(status=SHINES)) == [
        "decide about same",
        "create job-1",
        "decide about same",
        "write status",
        "stored as version 2",
    ]
    assert house.lamps.views[1].refusals == {}


async def test_where_each_decision_is_refused_something_else_it_is_left_for_later(
    house: House,
) -> None:
    creations = [Create(JOBS, f"job-{n}", {}, Purpose("bulb", n)) for n in range(1, 9)]
    for number in range(1, 9):
        house.applied.fails[f"create job-{number}"] = refused("Denied", "no cost center")

    with pytest.raises(Outdated):
        await house.reconcile(*(Plan[LampStatus](actions=(create,)) for create in creations))


# It cannot be decided about.


class Poisoned(Scripted):
    """Raises what nobody foresaw; says so with the plan that the test has written down."""

    def decide(self, view: View[LampStatus], now: datetime) -> Plan[LampStatus]:
        raise OverflowError("date value out of range")

    def undecidable(self, known: OwnObject, fault: str, now: datetime) -> Plan[LampStatus] | None:
        self.journal.append(fault)
        return self.plans.pop(0) if self.plans else None


async def test_one_that_cannot_be_decided_about_says_so_and_is_tried_again() -> None:
    house = House(Poisoned)
    house.has(LAMP_OBJECT)
    said = Plan(status=SHINES, urgent=True, events=(Event("Poisoned", "why"),))

    with pytest.raises(OverflowError):
        await house.reconcile(said)

    assert house.done == [
        "OverflowError: date value out of range",
        "write status",
        "stored as version 2",
        "event Poisoned on same",
    ]


async def test_one_that_cannot_be_decided_about_says_so_once() -> None:
    house = House(Poisoned)
    house.has(LAMP_OBJECT)

    with pytest.raises(OverflowError):
        await house.reconcile()

    assert house.done == ["OverflowError: date value out of range"]


# It cannot be read.


@pytest.mark.parametrize(
    ("lamps", "fault"),
    [(Broken, "spec.watts: not a number"), (Unprepared, "revision of same: not there")],
)
async def test_what_is_done_about_one_that_cannot_be_read_is_its_kinds_affair(
    lamps: type[Broken], fault: str
) -> None:
    house = House(lamps)
    house.has(LAMP_OBJECT)

    assert await house.reconcile(Plan(status=LampStatus(on=False))) == [
        f"unreadable at 09:00: {fault}",
        "write status",
        "stored as version 2",
    ]


async def test_one_that_cannot_be_read_is_left_alone_and_named_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House(Broken)
    house.has(LAMP_OBJECT)

    assert await house.reconcile() == ["unreadable at 09:00: spec.watts: not a number"]
    assert "Lamp ads/same cannot be read: spec.watts: not a number" in caplog.text


# Nothing more is to come of it.


async def test_of_one_of_which_nothing_is_to_come_only_a_tombstone_stays(house: House) -> None:
    house.remembers()

    assert await house.reconcile(OVER) == ["decide about same", f"forget {UID}"]
    assert house.kept.is_tombstone
    assert house.kept.metadata == LAMP_OBJECT.metadata
    assert not house.believes()
    assert house.queue.later == []


async def test_an_evicted_one_that_is_gone_is_released(house: House) -> None:
    await house.reconcile(OVER)
    house.loses(LAMP_OBJECT)

    assert await house.reconcile() == [f"forget {UID}", f"release {UID}"]


async def test_while_more_is_to_come_nothing_is_evicted(house: House) -> None:
    await house.reconcile(Plan())

    assert house.kept is LAMP_OBJECT
    assert house.queue.later == []


async def test_one_whose_last_status_was_just_written_is_evicted_as_it_is_stored(
    house: House,
) -> None:
    await house.reconcile(Plan(status=SHINES, urgent=True, nothing_to_come=True))
    assert not house.kept.is_tombstone
    assert house.queue.later == [(KEY, LONGEST_MERGE_SECONDS)]

    await house.reconcile(OVER)
    assert house.kept.is_tombstone
    assert house.kept.metadata.resourceVersion == "2"


async def test_while_a_status_waits_nothing_is_evicted(house: House) -> None:
    await house.reconcile(Plan(status=LampStatus()))
    await house.reconcile(Plan(status=SHINES, nothing_to_come=True))
    await house.reconcile(OVER)

    assert not house.kept.is_tombstone
    assert house.memory.statuses.waits(UID)
    assert (KEY, MERGE_SECONDS) in house.queue.later


async def test_one_whose_waiting_status_was_written_at_last_is_evicted_as_it_is_stored(
    house: House,
) -> None:
    await house.reconcile(Plan(status=LampStatus()))
    await house.reconcile(Plan(status=SHINES, nothing_to_come=True))
    house.clock.now += MERGE_SECONDS
    house.queue.later.clear()
    assert "write status" in await house.reconcile(OVER)
    assert house.queue.later == [(KEY, LONGEST_MERGE_SECONDS)]

    await house.reconcile(OVER)
    assert house.kept.is_tombstone
    assert house.kept.metadata.resourceVersion == "3"
