"""What a namespace gives to containers that ask for nothing."""

import asyncio
from typing import Any, cast

import orjson
import pytest

from stagework.cluster.client.errors import Forbidden, Unreachable
from stagework.cluster.client.kubeapi import KubeApi
from stagework.controllers.pipelinejobs import limit_ranges
from stagework.controllers.pipelinejobs.limit_ranges import KNOWN_SECONDS, LimitRanges
from tests.support.builders import NAMESPACE
from tests.unit.controllers.standins import Clock, let_others_run


class Server:
    """Answers with these limits, or fails, or never answers."""

    def __init__(self, *limits: dict[str, Any]) -> None:
        self.limits = limits
        self.failure: Exception | None = None
        self.answers = asyncio.Event()
        self.answers.set()
        self.asked: list[str] = []

    async def get(self, path: str) -> bytes:
        self.asked.append(path)
        await self.answers.wait()
        if self.failure is not None:
            raise self.failure
        return orjson.dumps({"items": [{"spec": {"limits": self.limits}}]})


GIVES = {"type": "Container", "defaultRequest": {"memory": "256Mi"}, "default": {"cpu": 1}}


def over(server: Server) -> tuple[LimitRanges, Clock]:
    clock = Clock()
    return LimitRanges(cast("KubeApi", server), clock), clock


async def given(*limits: dict[str, Any]) -> frozenset[str]:
    ranges, _ = over(Server(*limits))
    await ranges.read(NAMESPACE)
    return ranges.of(NAMESPACE)


async def test_what_is_given_to_containers_is_known() -> None:
    assert await given(GIVES) == {"memory", "cpu"}
    assert await given({"type": "Container", "min": {"cpu": "1"}}) == frozenset()
    assert await given({"type": "Pod", "default": {"cpu": "1"}}) == frozenset()
    assert await given() == frozenset()


async def test_a_namespace_is_asked_about_once_a_minute() -> None:
    server = Server(GIVES)
    ranges, clock = over(server)
    for _ in range(3):
        await ranges.read(NAMESPACE)
    assert server.asked == [f"/api/v1/namespaces/{NAMESPACE}/limitranges"]
    server.limits = ()
    clock.now += KNOWN_SECONDS
    await ranges.read(NAMESPACE)
    assert ranges.of(NAMESPACE) == frozenset()
    assert len(server.asked) == 2


async def test_before_anything_is_known_all_wait_for_one_answer() -> None:
    server = Server(GIVES)
    server.answers.clear()
    ranges, _ = over(server)
    waiting = [asyncio.create_task(ranges.read(NAMESPACE)) for _ in range(3)]
    await let_others_run()
    assert not any(task.done() for task in waiting)
    server.answers.set()
    await asyncio.gather(*waiting)
    assert len(server.asked) == 1


async def test_later_nobody_waits_but_who_asks() -> None:
    server = Server(GIVES)
    ranges, clock = over(server)
    await ranges.read(NAMESPACE)
    clock.now += KNOWN_SECONDS
    server.answers.clear()
    asks = asyncio.create_task(ranges.read(NAMESPACE))
    await let_others_run()
    await ranges.read(NAMESPACE)
    assert ranges.of(NAMESPACE) == {"memory", "cpu"}
    server.answers.set()
    await asks


@pytest.mark.parametrize("failure", [Unreachable("no answer"), Forbidden("no")])
async def test_where_it_cannot_be_read_what_was_known_counts(failure: Exception) -> None:
    server = Server(GIVES)
    ranges, clock = over(server)
    await ranges.read(NAMESPACE)
    server.failure = failure
    clock.now += KNOWN_SECONDS
    await ranges.read(NAMESPACE)
    assert ranges.of(NAMESPACE) == {"memory", "cpu"}


async def test_no_run_waits_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limit_ranges, "LONGEST_SECONDS", 0.01)
    server = Server(GIVES)
    server.answers.clear()
    ranges, _ = over(server)
    await ranges.read(NAMESPACE)
    assert ranges.of(NAMESPACE) == frozenset()


async def test_of_a_namespace_that_nobody_asks_for_nothing_is_kept() -> None:
    ranges, clock = over(Server(GIVES))
    await ranges.read(NAMESPACE)
    clock.now += KNOWN_SECONDS
    ranges.forget_old()
    assert ranges.of(NAMESPACE), "it is asked again, and counts meanwhile"
    clock.now += KNOWN_SECONDS
    ranges.forget_old()
    assert not ranges.of(NAMESPACE)
