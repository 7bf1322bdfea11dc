"""What is remembered of an object, and when it is forgotten."""

from collections.abc import Callable

import pytest

from stagework.api.resources import ObjectRef
from stagework.controllers.controller import Key
from stagework.controllers.lookups import Lookups
from stagework.controllers.memory import Memory
from stagework.controllers.refusals import Refusals
from stagework.controllers.status_writer import StatusWriter, Waits
from stagework.plans.plan import Plan, Question, Refusal, creation
from tests.support.builders import NAMESPACE, make_own
from tests.support.lamps import LAMP, LampStatus
from tests.support.unwatched import make_cache
from tests.unit.controllers.standins import Applied, Clock, Queue, let_others_run

KEPT, OTHER = make_own("kept", uid="u1"), make_own("other", uid="u2")
MAKING = creation("bulb", 1)


async def say_yes(_about: ObjectRef, _question: Question) -> str:
    return "yes"


class Full:
    """A memory of two objects, of each all that can be remembered."""

    def __init__(self) -> None:
        queue, clock = Queue(), Clock()
        self.question = Question()
        self.memory = Memory(
            StatusWriter(
                Applied(make_cache(), []),
                at_work=lambda: 3,  # so that already a first status waits
                queue_latency=lambda: 0.0,
                clock=clock,
            ),
            Refusals(clock),
            Lookups(queue.add, queue.add_after),
        )

    async def fill(self) -> None:
        for known in (KEPT, OTHER):
            ref = LAMP.ref(NAMESPACE, known.metadata.name, known.metadata.uid, "1")
            key = Key(LAMP.kind, *known.name)
            written = await self.memory.statuses.write(LAMP, ref, Plan(status=LampStatus()))
            assert isinstance(written, Waits)
            self.memory.refusals.remember(ref.uid, MAKING, Refusal("Invalid", "no socket"))
            self.memory.lookups.ask(key, ref, self.question, say_yes)
            self.memory.leave_alone(known)
        await let_others_run()

    def of(self, uid: str) -> tuple[bool, bool, bool]:
        """Whether anything is remembered: a status, a refusal, an answer."""
        memory = self.memory
        return (
            memory.statuses.unwritten(LAMP, uid, "1") is not None,
            MAKING in memory.refusals.known(uid),
            memory.lookups.answers(uid) == {self.question: "yes"},
        )


ALL, NOTHING = (True, True, True), (False, False, False)


@pytest.fixture
async def full() -> Full:
    full = Full()
    await full.fill()
    assert full.of("u1") == full.of("u2") == ALL
    return full


async def test_an_evicted_object_still_goes_with_its_namespace(full: Full) -> None:
    full.memory.evict("u1")

    assert full.of("u1") == NOTHING
    assert full.memory.is_terminating(KEPT)


async def test_of_an_object_that_is_gone_nothing_is_left(full: Full) -> None:
    full.memory.forget("u1")

    assert full.of("u1") == NOTHING
    assert not full.memory.is_terminating(KEPT)


@pytest.mark.parametrize("end", [Memory.evict, Memory.forget])
async def test_the_others_are_left_as_they_are(
    full: Full, end: Callable[[Memory, str], None]
) -> None:
    end(full.memory, "u1")

    assert full.of("u2") == ALL
    assert full.memory.is_terminating(OTHER)


async def test_a_new_leader_remembers_nothing(full: Full) -> None:
    full.memory.forget_all()

    assert full.of("u1") == full.of("u2") == NOTHING
    assert not full.memory.is_terminating(KEPT)


async def test_a_namesake_in_a_namespace_that_was_made_anew_is_another_object(full: Full) -> None:
    assert not full.memory.is_terminating(make_own("kept", uid="u3"))
