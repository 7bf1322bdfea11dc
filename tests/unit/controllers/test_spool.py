"""Facts that wait for history: one a row, bounded, none lost on its way."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from stagework.controllers.facts.spool import Spool
from tests.support.history.facts import attempt_fact, intervention_fact, minute, run_fact


def spool_of(limit: int = 100) -> tuple[Spool, list[None]]:
    dropped: list[None] = []
    return Spool(limit, lambda: dropped.append(None)), dropped


async def test_facts_about_one_row_become_one() -> None:
    spool, _ = spool_of()
    spool.add([attempt_fact(queued=minute(0)), attempt_fact(at=minute(1), started=minute(1))])
    (fact,) = spool.take(10)
    assert getattr(fact, "queued", None) == minute(0)
    assert getattr(fact, "started", None) == minute(1)


async def test_the_oldest_go_first() -> None:
    spool, _ = spool_of()
    spool.add([run_fact("a"), run_fact("b"), run_fact("c")])
    spool.add([run_fact("a", at=minute(1))])
    assert [fact.uid for fact in spool.take(2)] == ["a", "b"]


async def test_what_was_not_taken_stands_first_again_with_what_came_meanwhile() -> None:
    spool, _ = spool_of()
    spool.add([run_fact("a"), attempt_fact("b", queued=minute(0)), run_fact("c")])
    spool.take(2)
    spool.add([attempt_fact("b", at=minute(1), started=minute(1)), run_fact("d")])
    spool.give_back()
    facts = spool.take(10)
    assert [fact.uid for fact in facts] == ["a", "b", "c", "d"]
    assert getattr(facts[1], "queued", None) == minute(0)
    assert getattr(facts[1], "started", None) == minute(1)


async def test_a_run_is_held_until_all_of_it_is_acknowledged() -> None:
    spool, _ = spool_of()
    spool.add([run_fact("a"), attempt_fact("a"), intervention_fact("iv", run="a")])
    for _ in range(3):
        assert spool.holds("a")
        spool.take(1)
        assert spool.holds("a"), "on its way"
        spool.acknowledge()
    assert not spool.holds("a")
    assert len(spool) == 0


async def test_without_room_the_oldest_is_dropped_and_that_is_said() -> None:
    spool, dropped = spool_of(limit=2)
    spool.add([run_fact("a"), run_fact("b")])
    assert not spool.overflowed.is_set()
    spool.add([run_fact("c")])
    assert spool.overflowed.is_set()
    assert len(dropped) == 1
    assert not spool.holds("a")
    assert [fact.uid for fact in spool.take(9)] == ["b", "c"]


async def test_who_waits_for_facts_is_woken_by_the_first() -> None:
    spool, _ = spool_of()
    waiting = asyncio.create_task(spool.filled())
    await asyncio.sleep(0)
    assert not waiting.done()
    spool.add([run_fact()])
    async with asyncio.timeout(5):
        await waiting
    spool.take(1)
    spool.give_back()
    async with asyncio.timeout(5):
        await spool.filled()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 5)),
        st.tuples(st.sampled_from(["take", "acknowledge", "give back"]), st.just(0)),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(STEPS)
def test_whatever_happens_it_holds_what_is_not_acknowledged(steps: list[tuple[str, int]]) -> None:
    spool, _ = spool_of()
    owed: set[str] = set()
    on_way: set[str] = set()
    for step, number in steps:
        match step:
            case "add":
                spool.add([run_fact(f"run-{number}")])
                owed.add(f"run-{number}")
            case "take" if not on_way:
                on_way = {fact.uid for fact in spool.take(2)}
                owed -= on_way
            case "acknowledge":
                spool.acknowledge()
                on_way = set()
            case "give back":
                spool.give_back()
                owed |= on_way
                on_way = set()
            case _:
                pass
        for number_of_run in range(6):
            uid = f"run-{number_of_run}"
            assert spool.holds(uid) == (uid in owed | on_way)
