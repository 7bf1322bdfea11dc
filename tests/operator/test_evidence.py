"""Logs of attempts that fail, on the real engine: kept before the Pod goes, awaited in bounds."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from stagework.plans.pipelinejob.snapshot import LogAnswer, LogQuestion
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import PODS, Json
from tests.support.operators.results import SimulatedLogs
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

LINE = "KeyError: 'title'"


class NotedLogs(SimulatedLogs):
    """Notes whether the Pod was there when its log was read; answers after `seconds`."""

    def __init__(self, world: World, answer: LogAnswer, seconds: float) -> None:
        super().__init__()
        self.answer = answer
        self.seconds = seconds
        self.pods_there: list[bool] = []
        self._world = world

    async def keep(self, namespace: str, run_uid: str, question: LogQuestion) -> LogAnswer:
        pods = {pod.data["metadata"]["name"] for pod in self._world.store.list(PODS)}
        self.pods_there.append(question.pod_name in pods)
        await asyncio.sleep(self.seconds)
        return await super().keep(namespace, run_uid, question)


def _crashes(_pod: Json) -> Behaviour:
    return Behaviour(exit_code=1, message="", seconds=2.0)


def _hangs(_pod: Json) -> Behaviour:
    return Behaviour(seconds=4000.0, stop_seconds=1.0)


def _tell(
    story: Callable[[World, NotedLogs], Awaitable[None]],
    behave: Callable[[Json], Behaviour],
    *,
    answer: LogAnswer = LogAnswer(LINE),  # noqa: B008 - frozen
    seconds: float = 0.2,
    **stage: Any,
) -> None:
    timescale = VirtualTime()

    async def main() -> None:
        async with World(timescale, behave=behave) as world:
            logs = NotedLogs(world, answer, seconds)
            world.start_operator(logs=logs)
            fields = {"name": "a", "image": "x", "runsOn": ["gpu"], "retries": 0, **stage}
            world.apply("one", [fields])
            await world.until(lambda: world.summary("one") == "StageFailed", seconds=200)
            await story(world, logs)
            world.check_invariants()

    timescale.run(main())


@pytest.mark.parametrize("behave", [_crashes, _hangs], ids=["it crashes", "it hangs"])
def test_a_log_is_kept_while_the_pod_is_there_and_its_end_is_said(
    behave: Callable[[Json], Behaviour],
) -> None:
    async def story(world: World, logs: NotedLogs) -> None:
        assert world.stage("one", "a")["logLine"] == LINE
        assert world.run("one")["status"]["message"].endswith(f"; its log ends: {LINE}")
        assert set(logs.pods_there) == {True}
        assert logs.kept == [("a", 1)]

    _tell(story, behave, timeoutSeconds=30)


def test_each_attempt_that_fails_has_its_log_kept_once() -> None:
    async def story(world: World, logs: NotedLogs) -> None:
        assert logs.kept == [("a", 1), ("a", 2), ("a", 3)]
        earlier = world.stage("one", "a")["earlier"]
        assert [(e["attempt"], e["reason"], e["exitCode"]) for e in earlier] == [
            (1, "NonZeroExit", 1),
            (2, "NonZeroExit", 1),
        ]

    _tell(story, _crashes, retries=2, backoffSeconds=0)


def test_where_logs_are_not_to_be_had_the_run_goes_on_and_says_so() -> None:
    async def story(world: World, logs: NotedLogs) -> None:
        del logs
        stage = world.stage("one", "a")
        assert "logLine" not in stage
        assert stage["message"] == "exit code 1; its log is not kept: nobody answers"

    _tell(story, _crashes, answer=LogAnswer(fault="nobody answers"), seconds=10.0)


def test_a_leader_that_dies_meanwhile_leaves_the_question_to_the_next() -> None:
    timescale = VirtualTime()

    async def main() -> None:
        async with World(timescale, behave=_crashes) as world:
            first = NotedLogs(world, LogAnswer(LINE), seconds=1000.0)
            dying = world.start_operator(logs=first)
            world.apply("one", [{"name": "a", "image": "x", "runsOn": ["gpu"], "retries": 0}])
            await world.until(lambda: bool(first.pods_there))
            await dying.kill()
            world.run_out_lease()
            world.start_operator(logs=SimulatedLogs(LINE))
            await world.until(lambda: world.summary("one") == "StageFailed")
            assert world.stage("one", "a")["logLine"] == LINE
            world.check_invariants()

    timescale.run(main())
