"""A plan is carried out in one order, each action by itself; what is refused is remembered."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from stagework.api.intervention import InterventionStatus
from stagework.api.kinds import INTERVENTION
from stagework.api.resources import JOBS, PODS, ObjectRef
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.cache.selections import objects_of
from stagework.cluster.client.errors import ApiError, Forbidden, NamespaceTerminating, Unreachable
from stagework.cluster.lease import NotLeading
from stagework.cluster.refused import Outdated
from stagework.controllers.controller import Key
from stagework.controllers.lookups import Lookups
from stagework.controllers.memory import Memory
from stagework.controllers.performer import Performer
from stagework.controllers.refusals import Refusals
from stagework.controllers.status_writer import StatusWriter
from stagework.plans.plan import (
    STATUS_WRITE,
    Action,
    Answer,
    Create,
    Delete,
    Event,
    Fact,
    Plan,
    Purpose,
    Question,
    Refusal,
    Ungate,
)
from stagework.plans.refusals import MARGIN_SECONDS
from stagework.plans.status_writes import MERGE_SECONDS
from tests.support.builders import NAMESPACE, T0, after, make_own
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

KEY = Key("Lamp", NAMESPACE, "same")
PURPOSE = Purpose("bulb", 1)
CREATE = Create(JOBS, "job-1", {}, PURPOSE)
UNGATE = Ungate(ObjectRef(PODS, NAMESPACE, "pod-1"), "turn", {}, {}, {})
DELETE = Delete(ObjectRef(JOBS, NAMESPACE, "job-0", "j0"))
ANSWER = Answer(
    INTERVENTION.ref(NAMESPACE, "iv-1", "i1"), InterventionStatus(summary="Done"), adopt=True
)
SHINES = LampStatus(shines=True)


@dataclass(frozen=True)
class Lit(Fact):
    pass


FULL = Plan(
    actions=(CREATE, UNGATE),
    status=SHINES,
    afterwards=(DELETE, ANSWER),
    events=(Event("Shines", "power is back"), Event("Hot", "very", "Warning")),
    facts=(Lit(),),
    questions=(Question(),),
)
FULL_IN_WORDS = [
    "create job-1",
    "ungate pod-1",
    "write status",
    "stored as version 2",
    "delete job-0",
    "answer iv-1: Done",
    "event Shines on same",
    "event Hot on same",
    "record Lit",
    "ask about same",
]


TARGET = LAMP.ref(NAMESPACE, "same", "u1")


def _lamp(version: int) -> OwnObject:
    return make_own(uid="u1", version=version)


class Workshop:
    """A performer with all its parts, and a journal of what they did."""

    def __init__(self) -> None:
        self.done: Journal = []
        self.clock, self.queue = Clock(), Queue()
        self.applied = Applied(make_cache(objects_of(LAMP)), self.done)
        self.controller = Scripted(self.done)
        statuses = StatusWriter(
            self.applied, at_work=lambda: 0, queue_latency=lambda: 0.0, clock=self.clock
        )
        lookups = Lookups(self.queue.add, self.queue.add_after)
        self.memory = Memory(statuses, Refusals(self.clock), lookups)
        self.performer = Performer(self.applied, self.memory, self.queue, Posted(self.done))

    async def perform(self, plan: Plan[Any], version: int = 1) -> None:
        """Both halves; in between the object would be decided about again."""
        await self.act(plan)
        await self.performer.finish(KEY, self.controller, _lamp(version), plan, T0)

    async def act(self, plan: Plan[Any]) -> bool:
        done = list[Action]()
        return await self.performer.perform(KEY, TARGET, plan.actions, done)

    async def with_one_status_written(self) -> None:
        """Another that is not urgent would wait from now on."""
        await self.perform(Plan(status=LampStatus()))
        self.done.clear()


@pytest.fixture
def shop() -> Workshop:
    return Workshop()


async def test_a_plan_is_carried_out_in_one_order(shop: Workshop) -> None:
    await shop.perform(FULL)
    assert shop.done == FULL_IN_WORDS

    await let_others_run()
    (question,) = FULL.questions
    assert shop.memory.lookups.answers("u1") == {question: "yes"}


async def test_an_empty_plan_does_nothing(shop: Workshop) -> None:
    await shop.perform(Plan())

    assert shop.done == []
    assert (shop.queue.wanted, shop.queue.later) == ([], [])


ACTIONS = ["create job-1", "ungate pod-1", "delete job-0", "answer iv-1: Done"]


@pytest.mark.parametrize("step", ACTIONS)
async def test_an_action_that_is_refused_leaves_no_other_undone(shop: Workshop, step: str) -> None:
    shop.applied.fails[step] = refused("Denied", "no cost center")
    await shop.perform(FULL)

    assert shop.done == FULL_IN_WORDS
    (refusal,) = shop.memory.refusals.known("u1").values()
    assert refusal == Refusal("Denied", "no cost center")
    assert {*shop.queue.later} == {(KEY, 5 + MARGIN_SECONDS)}, "when it may be tried again"


@pytest.mark.parametrize("step", ACTIONS[:2])
async def test_what_is_refused_is_decided_about_again_before_the_status(
    shop: Workshop, step: str
) -> None:
    shop.applied.fails[step] = refused("Denied", "no cost center")

    assert await shop.act(FULL)
    assert not await shop.act(FULL), "nothing new"


@pytest.mark.parametrize("step", ACTIONS[2:])
async def test_what_is_refused_after_the_status_is_decided_about_again(
    shop: Workshop, step: str
) -> None:
    shop.applied.fails[step] = refused("Denied", "no cost center")
    await shop.perform(FULL)

    assert shop.queue.wanted == [KEY]


async def test_what_was_refused_is_tried_again_when_it_is_believed_no_more(shop: Workshop) -> None:
    shop.applied.fails["create job-1"] = refused("Denied", "no cost center")
    await shop.act(Plan(actions=(CREATE,)))
    shop.applied.fails.clear()
    shop.clock.now += 4.9
    await shop.act(Plan(actions=(CREATE,)))
    assert shop.done == ["create job-1"]

    shop.clock.now += 0.1
    assert await shop.act(Plan(actions=(CREATE,))), "it is refused no more: that is news"
    assert shop.done == ["create job-1"] * 2
    assert shop.memory.refusals.known("u1") == {}


async def test_what_is_done_in_this_reconcile_is_not_done_again(shop: Workshop) -> None:
    done: list[Action] = []
    for _ in range(2):
        assert not await shop.performer.perform(KEY, TARGET, FULL.actions, done)

    assert shop.done == FULL_IN_WORDS[:2]


async def test_a_fault_of_ours_in_one_action_stops_no_other(shop: Workshop) -> None:
    shop.applied.fails["create job-1"] = TypeError("Integer exceeds 64-bit range")
    await shop.perform(FULL)

    assert shop.done == FULL_IN_WORDS
    (refusal,) = shop.memory.refusals.known("u1").values()
    assert refusal == Refusal("Unavailable", "TypeError: Integer exceeds 64-bit range")


@pytest.mark.parametrize("error", [NotLeading("lost"), NamespaceTerminating("is terminating")])
@pytest.mark.parametrize("step", [*ACTIONS, "write status"])
async def test_who_may_not_act_any_more_stops_at_once(
    shop: Workshop, step: str, error: Exception
) -> None:
    shop.applied.fails[step] = error

    with pytest.raises(type(error)):
        await shop.perform(FULL)

    assert shop.done == FULL_IN_WORDS[: FULL_IN_WORDS.index(step) + 1]
    assert shop.memory.refusals.known("u1") == {}


async def test_every_action_shows_that_the_worker_does_not_hang(shop: Workshop) -> None:
    await shop.perform(FULL)

    assert shop.queue.steps == [KEY] * 5


# The status is refused.


@pytest.mark.parametrize("error", [Unreachable("no route"), Forbidden("no")])
async def test_a_status_that_is_refused_leaves_undone_what_presupposes_it(
    shop: Workshop, error: ApiError
) -> None:
    shop.applied.fails["write status"] = error
    await shop.perform(FULL)

    assert shop.done == ["create job-1", "ungate pod-1", "write status", "ask about same"]
    assert shop.memory.refusals.known("u1")[STATUS_WRITE].message == str(error)
    assert shop.queue.wanted == [KEY], "decided again: it takes no slot meanwhile"
    await let_others_run()
    assert shop.memory.lookups.answers("u1"), "lookups go on"


async def test_an_outdated_status_is_decided_again_a_moment_later(shop: Workshop) -> None:
    shop.applied.fails["write status"] = Outdated("it has changed")
    await shop.perform(FULL)

    assert shop.queue.wanted == []
    assert shop.queue.later == [(KEY, pytest.approx(0.05 + MARGIN_SECONDS))]


async def test_a_status_that_was_refused_is_not_written_before_its_time(shop: Workshop) -> None:
    shop.applied.fails["write status"] = Forbidden("no")
    await shop.perform(Plan(status=SHINES))
    shop.applied.fails.clear()
    shop.done.clear()
    await shop.perform(Plan(status=SHINES, wake_at=T0), version=2)
    assert shop.done == []
    assert (KEY, 5.0) in shop.queue.later, "no date comes before"

    shop.clock.now += 5
    await shop.perform(Plan(status=SHINES), version=2)
    assert shop.done == ["write status", "stored as version 3"]
    assert shop.memory.refusals.known("u1") == {}


async def test_a_status_that_is_refused_again_and_again_is_said_by_one_event(
    shop: Workshop,
) -> None:
    shop.applied.fails["write status"] = Forbidden("no")
    for _ in range(5):
        await shop.perform(Plan(status=SHINES))
        shop.clock.now += 60

    assert shop.done == [
        *["write status"] * 3,
        "event StatusRefused on same",
        *["write status"] * 2,
    ]


async def test_an_answer_that_was_refused_makes_no_status_urgent(shop: Workshop) -> None:
    await shop.with_one_status_written()
    shop.applied.fails["answer iv-1: Done"] = refused("Denied", "no")
    await shop.perform(Plan(afterwards=(ANSWER,)), version=2)
    shop.done.clear()
    await shop.perform(Plan(status=SHINES, afterwards=(ANSWER,)), version=2)

    assert shop.done == []
    assert (KEY, MERGE_SECONDS) in shop.queue.later


async def test_what_follows_from_a_stored_verdict_is_decided_at_once(shop: Workshop) -> None:
    await shop.perform(Plan(status=SHINES, urgent=True, again_once_stored=True))

    assert shop.queue.wanted == [KEY]


async def test_a_stored_status_that_is_no_verdict_is_not_decided_about_again(
    shop: Workshop,
) -> None:
    await shop.perform(Plan(status=SHINES, urgent=True))

    assert shop.queue.wanted == []


async def test_a_verdict_that_is_not_stored_yet_has_no_consequences(shop: Workshop) -> None:
    await shop.with_one_status_written()
    await shop.perform(Plan(status=SHINES, again_once_stored=True), version=2)

    assert shop.done == []
    assert shop.queue.wanted == []


async def test_a_verdict_without_a_change_of_status_asks_for_nothing(shop: Workshop) -> None:
    await shop.perform(Plan(again_once_stored=True))

    assert shop.queue.wanted == []


async def test_a_status_that_waits_is_written_by_the_reconcile_it_asks_for(shop: Workshop) -> None:
    await shop.with_one_status_written()
    await shop.perform(Plan(status=SHINES), version=2)
    assert shop.done == []
    assert shop.queue.later == [(KEY, MERGE_SECONDS)]

    shop.clock.now += MERGE_SECONDS
    await shop.perform(Plan(), version=2)
    assert shop.done == ["write status", "stored as version 3"]


async def test_a_status_that_waits_is_as_good_as_written(shop: Workshop) -> None:
    await shop.with_one_status_written()
    await shop.perform(replace(FULL, afterwards=(), questions=()), version=2)

    assert shop.done == [
        "create job-1",
        "ungate pod-1",
        "event Shines on same",
        "event Hot on same",
        "record Lit",
    ]


async def test_what_presupposes_a_status_does_not_let_it_wait(shop: Workshop) -> None:
    await shop.with_one_status_written()
    await shop.perform(Plan(status=SHINES, afterwards=(ANSWER,)), version=2)

    assert shop.done == ["write status", "stored as version 3", "answer iv-1: Done"]


async def test_what_presupposes_a_status_that_waits_has_it_written_first(shop: Workshop) -> None:
    await shop.with_one_status_written()
    await shop.perform(Plan(status=SHINES), version=2)
    await shop.perform(Plan(afterwards=(ANSWER,)), version=2)

    assert shop.done == ["write status", "stored as version 3", "answer iv-1: Done"]


async def test_an_object_comes_back_at_the_time_it_asks_for(shop: Workshop) -> None:
    await shop.perform(Plan(wake_at=after(7.5)))

    assert shop.queue.later == [(KEY, 7.5)]
    assert shop.queue.wanted == []


async def test_requests_for_an_object_that_is_not_there_are_answered(shop: Workshop) -> None:
    await shop.performer.refuse(KEY, LAMP.ref(NAMESPACE, "gone"), [ANSWER])

    assert shop.done == ["answer iv-1: Done"]
