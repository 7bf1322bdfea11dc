"""Questions to other services: one at a time, the answer kept, no failure for ever."""

import asyncio

import pytest

from stagework.api.kinds import PIPELINEJOB
from stagework.api.resources import ObjectRef
from stagework.controllers.controller import Key
from stagework.controllers.lookups import RETRY_SECONDS, Lookups
from stagework.plans.pipelinejob.snapshot import ResultQuestion
from stagework.plans.plan import Question
from stagework.service_client.results import LookupFailed
from tests.support.builders import NAMESPACE
from tests.unit.controllers.standins import let_others_run

RUN = PIPELINEJOB.ref(NAMESPACE, "same", "u1")
KEY = Key("PipelineJob", NAMESPACE, "same")
FIRST, SECOND = ResultQuestion("draw", 1), ResultQuestion("draw", 2)


class Service:
    """Answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[ObjectRef, Question]] = []
        self._pending: list[asyncio.Future[str]] = []

    async def answer(self, about: ObjectRef, question: Question) -> str:
        self.asked.append((about, question))
        self._pending.append(asyncio.get_running_loop().create_future())
        return await self._pending[-1]

    async def says(self, words: str | Exception, at: int = 0) -> None:
        await let_others_run()
        future = self._pending.pop(at)
        if isinstance(words, str):
            future.set_result(words)
        else:
            future.set_exception(words)
        await let_others_run()


class Desk:
    def __init__(self) -> None:
        self.service = Service()
        self.answered: list[Key] = []
        self.again: list[tuple[Key, float]] = []
        self.lookups = Lookups(
            self.answered.append, lambda key, seconds: self.again.append((key, seconds))
        )

    def ask(self, question: Question = FIRST, about: ObjectRef = RUN) -> None:
        self.lookups.ask(KEY, about, question, self.service.answer)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_an_answer_is_kept_and_brings_the_object_back(desk: Desk) -> None:
    desk.ask()
    await desk.service.says("stored")

    assert desk.lookups.answers("u1") == {FIRST: "stored"}
    assert desk.service.asked == [(RUN, FIRST)]
    assert (desk.answered, desk.again) == ([KEY], [])


async def test_before_it_is_answered_nothing_is_known(desk: Desk) -> None:
    desk.ask()
    await let_others_run()

    assert desk.lookups.answers("u1") == {}
    assert desk.answered == []


async def test_what_is_being_asked_is_not_asked_a_second_time(desk: Desk) -> None:
    for _ in range(3):
        desk.ask(ResultQuestion("draw", 1))
        await let_others_run()

    assert desk.service.asked == [(RUN, FIRST)]


async def test_another_question_and_another_object_are_asked_beside_it(desk: Desk) -> None:
    other = PIPELINEJOB.ref(NAMESPACE, "other", "u2")
    desk.ask()
    desk.ask(SECOND)
    desk.ask(about=other)
    await desk.service.says("nothing", at=1)

    assert desk.service.asked == [(RUN, FIRST), (RUN, SECOND), (other, FIRST)]
    assert desk.lookups.answers("u1") == {SECOND: "nothing"}
    assert desk.lookups.answers("u2") == {}


@pytest.mark.parametrize(
    "failure", [LookupFailed("503"), TypeError("nobody answers this")], ids=["away", "any other"]
)
async def test_whatever_fails_is_asked_again_after_a_pause(desk: Desk, failure: Exception) -> None:
    desk.ask()
    await desk.service.says(failure)
    assert desk.lookups.answers("u1") == {}
    assert (desk.answered, desk.again) == ([], [(KEY, RETRY_SECONDS)])

    desk.ask()
    await desk.service.says("stored")
    assert desk.lookups.answers("u1") == {FIRST: "stored"}


async def test_a_failure_takes_no_answer_with_it(desk: Desk) -> None:
    desk.ask()
    await desk.service.says("stored")
    desk.ask(SECOND)
    await desk.service.says(LookupFailed("503"))

    assert desk.lookups.answers("u1") == {FIRST: "stored"}


async def test_an_answer_for_a_forgotten_object_does_not_bring_it_back(desk: Desk) -> None:
    desk.ask()
    await let_others_run()
    desk.lookups.forget("u1")
    await desk.service.says("stored")

    assert desk.lookups.answers("u1") == {}


async def test_a_forgotten_object_is_asked_about_anew(desk: Desk) -> None:
    desk.ask()
    await let_others_run()
    desk.lookups.forget("u1")
    desk.ask()
    await desk.service.says("from before", at=0)
    await desk.service.says("from now")

    assert desk.lookups.answers("u1") == {FIRST: "from now"}


async def test_a_new_leader_knows_nothing(desk: Desk) -> None:
    desk.ask()
    await desk.service.says("stored")
    desk.lookups.forget_all()

    assert desk.lookups.answers("u1") == {}
