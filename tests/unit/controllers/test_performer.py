"""A plan is carried out in one order, and what fails leaves the rest undone."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from stagework.api.intervention import InterventionStatus
from stagework.api.kinds import INTERVENTION
from stagework.api.resources import JOBS, PODS, ObjectRef
from stagework.cluster.apply import Outdated, Refused
from stagework.cluster.cache.selections import objects_of
from stagework.cluster.client.errors import Unreachable
from stagework.controllers.controller import Key
from stagework.controllers.lookups import Lookups
from stagework.controllers.memory import Memory
from stagework.controllers.performer import Performer
from stagework.controllers.refusals import Refusals
from stagework.controllers.status_writer import StatusWriter
from stagework.plans.plan import (
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
from stagework.plans.refusals import RECONCILE_SECONDS
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
        known = make_own(uid="u1", version=version)
        await self.performer.perform(KEY, self.controller, known, plan, T0)

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


@pytest.mark.parametrize(
    "step", [word for word in FULL_IN_WORDS[:6] if not word.startswith("stored")]
)
@pytest.mark.parametrize("failure", [Outdated("it has changed"), Unreachable("no route")])
async def test_what_fails_leaves_the_rest_undone(
    shop: Workshop, step: str, failure: Exception
) -> None:
    shop.applied.fails[step] = failure

    with pytest.raises(type(failure)):
        await shop.perform(FULL)

    assert shop.done == FULL_IN_WORDS[: FULL_IN_WORDS.index(step) + 1]
    assert shop.queue.later == []


@pytest.mark.parametrize("place", ["actions", "afterwards"])
async def test_a_refusal_is_remembered_and_ends_the_plan(shop: Workshop, place: str) -> None:
    refusal = Refusal("OverQuota", "exceeded quota")
    shop.applied.fails["create job-1"] = Refused(PURPOSE, refusal)
    actions: dict[str, Any] = {place: (CREATE, DELETE)}

    with pytest.raises(Outdated, match="exceeded quota"):
        await shop.perform(Plan(events=FULL.events, facts=FULL.facts, **actions))

    assert shop.done == ["create job-1"]
    assert shop.memory.refusals.believed("u1") == {PURPOSE: refusal}
    assert shop.queue.later == [(KEY, RECONCILE_SECONDS)], "when it is believed no more"


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
    await shop.performer.refuse(LAMP.ref(NAMESPACE, "gone"), [ANSWER])

    assert shop.done == ["answer iv-1: Done"]
