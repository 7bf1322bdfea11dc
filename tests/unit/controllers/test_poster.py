"""Facts are posted until they are taken; one that never will be stands in nobody's way."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from prometheus_client import CollectorRegistry

from stagework.api.facts import AnyFact
from stagework.controllers.facts.metrics import FactMetrics
from stagework.controllers.facts.poster import BATCH, Poster
from stagework.controllers.facts.spool import Spool
from stagework.service_client.facts import NeverTaken
from stagework.service_client.results import LookupFailed
from tests.support.history.facts import minute, run_fact
from tests.support.operators.timescale import VirtualTime


class Service:
    """Takes facts, or does not."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.away = False
        self.never: set[str] = set()
        self.asked = 0

    async def post(self, facts: Sequence[AnyFact]) -> None:
        self.asked += 1
        await asyncio.sleep(0.01)
        if self.away:
            raise LookupFailed("away")
        uids = [fact.uid for fact in facts]
        if self.never & set(uids):
            raise NeverTaken("HTTP 400")
        self.batches.append(uids)

    @property
    def taken(self) -> list[str]:
        return [uid for batch in self.batches for uid in batch]


class Stand:
    """A poster at work."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        metrics = FactMetrics(self.registry)
        self.service = Service()
        self.spool = Spool(10_000, metrics.dropped)
        self.poster = Poster(self.service, self.spool, metrics)

    def value(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


def with_poster(check: Callable[[Stand], Awaitable[None]]) -> None:
    async def main() -> None:
        stand = Stand()
        task = asyncio.create_task(stand.poster.run())
        async with asyncio.timeout(1000):
            await check(stand)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    VirtualTime().run(main())


async def emptied(stand: Stand) -> None:
    while len(stand.spool):  # noqa: ASYNC110 - any moment
        await asyncio.sleep(0.1)


def test_facts_that_come_together_are_posted_together() -> None:
    async def check(stand: Stand) -> None:
        for number in range(3):
            stand.spool.add([run_fact(f"run-{number}")])
        stand.spool.add([run_fact("run-0", at=minute(1))])
        await emptied(stand)
        assert stand.service.batches == [["run-0", "run-1", "run-2"]]
        assert stand.value("stagework_facts_total", outcome="Posted") == 3
        assert stand.value("stagework_facts_waiting") == 0

    with_poster(check)


def test_no_request_has_more_than_a_batch() -> None:
    async def check(stand: Stand) -> None:
        stand.spool.add(run_fact(f"run-{number}") for number in range(BATCH + 1))
        await emptied(stand)
        assert [len(batch) for batch in stand.service.batches] == [BATCH, 1]

    with_poster(check)


def test_a_service_that_is_away_is_asked_again_and_again_ever_more_seldom() -> None:
    async def check(stand: Stand) -> None:
        stand.service.away = True
        stand.spool.add([run_fact()])
        await asyncio.sleep(600)
        assert stand.service.asked < 30
        assert stand.value("stagework_facts_waiting") == 1
        stand.service.away = False
        await asyncio.sleep(32)
        assert stand.service.taken == ["run-1"]
        # After one that worked it is asked soon again.
        asked = stand.service.asked
        stand.service.away = True
        stand.spool.add([run_fact()])
        await asyncio.sleep(5)
        assert stand.service.asked >= asked + 2

    with_poster(check)


def test_one_that_is_never_taken_is_dropped_and_all_others_are_kept(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def check(stand: Stand) -> None:
        stand.service.never = {"run-5", "run-6"}
        stand.spool.add(run_fact(f"run-{number}") for number in range(20))
        await emptied(stand)
        kept = {f"run-{number}" for number in range(20)} - stand.service.never
        assert sorted(stand.service.taken) == sorted(kept)
        assert stand.value("stagework_facts_total", outcome="Refused") == 2

    with_poster(check)
    assert "run-5" in caplog.text


def test_what_can_be_had_again_goes_past_the_spool_and_returns_once_it_is_kept() -> None:
    async def check(stand: Stand) -> None:
        stand.service.away = True
        facts = [run_fact(f"run-{number}") for number in range(BATCH + 1)]
        posting = asyncio.create_task(stand.poster.post_all(facts))
        await asyncio.sleep(10)
        assert not posting.done()
        assert len(stand.spool) == 0
        stand.service.away = False
        await posting
        assert stand.service.taken == [fact.uid for fact in facts]

    with_poster(check)


def test_what_was_on_its_way_when_the_process_ends_is_not_forgotten() -> None:
    async def main() -> None:
        stand = Stand()
        task = asyncio.create_task(stand.poster.run())
        stand.spool.add([run_fact()])
        while not stand.service.asked:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert len(stand.spool) == 1
        assert stand.spool.holds("run-1")

    VirtualTime().run(main())
