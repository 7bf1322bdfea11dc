"""Clean-ups, branches, approvals, stops and a limit: the whole operator, on the fake API server."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from tests.support.fakeapi.kubelet import Behave, Behaviour
from tests.support.fakeapi.marks import completion_mark
from tests.support.fakeapi.resources import PODS, Json, part
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World
from tests.support.recorded import stages_of

Story = Callable[[World], Awaitable[None]]


def _stage(name: str, **changes: Any) -> Json:
    return {"name": name, "image": "x", "runsOn": ["gpu"], "retries": 0, **changes}


def _of(pod: Json) -> str:
    return str(part(pod, "metadata", "labels")["stagework.dev/stage"])


def _play(story: Story, behave: Behave, *, machines: int = 1) -> None:
    timescale = VirtualTime()

    async def main() -> None:
        async with World(timescale, behave=behave, machines=machines) as world:
            world.start_operator()
            await story(world)
            world.check_invariants()

    timescale.run(main())


def _states(world: World, run: str) -> dict[str, str]:
    stages: list[Json] = stages_of(world.run(run))
    return {stage["name"]: stage["state"] for stage in stages}


def _summary_is(world: World, summary: str) -> Callable[[], bool]:
    return lambda: world.summary("one") == summary


def test_a_clean_up_is_said_what_failed_in_its_environment_and_its_inputs() -> None:
    def behave(pod: Json) -> Behaviour:
        return Behaviour(seconds=1, exit_code=1 if _of(pod) == "work" else 0)

    async def story(world: World) -> None:
        stages = [_stage("work"), _stage("after"), _stage("clean", runsIf="Ended")]
        world.apply("one", stages)
        await world.until(_summary_is(world, "StageFailed"))

        assert _states(world, "one") == {
            "work": "Failed",
            "after": "NotRun",
            "clean": "Succeeded",
        }
        (pod,) = (p.data for p in world.store.list(PODS) if _of(p.data) == "clean")
        told = part(pod, "metadata", "annotations")
        assert told["stagework.dev/outcome-so-far"] == "Failed"
        assert told["stagework.dev/outcomes"] == (
            "work=Failed:NonZeroExit after=NotRun:UpstreamFailed"
        )
        assert orjson.loads(told["stagework.dev/inputs"])["outcomes"]["work"] == {
            "outcome": "Failed",
            "reason": "NonZeroExit",
        }
        env: list[Json] = pod["spec"]["containers"][0]["env"]
        by_name = {e["name"]: e for e in env}
        path = "metadata.annotations['stagework.dev/outcome-so-far']"
        assert by_name["STAGEWORK_OUTCOME_SO_FAR"]["valueFrom"] == {"fieldRef": {"fieldPath": path}}

    _play(story, behave)


def test_a_branch_that_a_mark_leaves_out_never_runs_and_the_run_is_complete() -> None:
    def behave(pod: Json) -> Behaviour:
        skips = {"heads": "ItWasTails"} if _of(pod) == "flip" else {}
        return Behaviour(seconds=1, message=completion_mark(pod, skips=skips))

    async def story(world: World) -> None:
        stages = [
            _stage("flip"),
            _stage("heads", dependsOn=["flip"]),
            _stage("tails", dependsOn=["flip"]),
            _stage("meet", dependsOn=["heads", "tails"]),
        ]
        world.apply("one", stages)
        await world.until(_summary_is(world, "Completed"))

        assert world.stage("one", "heads")["reason"] == "ItWasTails"
        assert world.stage("one", "flip")["commit"]["skips"] == {"heads": "ItWasTails"}
        assert [process.stage for process in world.invariants.runs] == ["flip", "tails", "meet"]

    _play(story, behave)


def test_a_stopped_run_gives_its_pods_their_grace_and_goes_on_after_a_retry() -> None:
    def behave(pod: Json) -> Behaviour:
        first = part(pod, "metadata", "labels")["stagework.dev/attempt"] == "1"
        hangs = _of(pod) == "work" and first
        return Behaviour(seconds=5000 if hangs else 1, stop_seconds=20)

    async def story(world: World) -> None:
        world.apply("one", [_stage("work"), _stage("after"), _stage("clean", runsIf="Ended")])
        await world.until(lambda: world.stage("one", "work").get("state") == "Running")

        world.ask("stop", "Stop", of="one", reason="wrong prompt", requestedBy="ops")
        await asyncio.sleep(10)
        assert world.summary("one") == "Running", "its Pod has its grace"
        assert "stopped by ops: wrong prompt" in world.run("one")["status"]["message"]
        await world.operators[0].kill()
        world.run_out_lease()
        world.start_operator()
        await world.until(_summary_is(world, "Stopped"))

        assert world.run("one")["status"]["message"] == "stopped by ops: wrong prompt"
        assert _states(world, "one") == {"work": "Failed", "after": "NotRun", "clean": "NotRun"}
        await asyncio.sleep(120)
        assert len(world.invariants.runs) == 1, "nothing else has begun"

        world.ask("retry", "Retry", of="one")
        await world.until(_summary_is(world, "Completed"))
        assert world.stage("one", "work")["attempt"] == 2

    _play(story, behave)


def test_what_was_stopped_while_it_backed_off_starts_at_once_when_the_run_is_retried() -> None:
    def behave(pod: Json) -> Behaviour:
        first = part(pod, "metadata", "labels")["stagework.dev/attempt"] == "1"
        return Behaviour(exit_code=1 if first else 0, seconds=1)

    async def story(world: World) -> None:
        world.apply("one", [_stage("work", retries=3, backoffSeconds=600)])
        await world.until(lambda: world.stage("one", "work").get("reason") == "BackOff")
        world.ask("stop", "Stop", of="one")
        await world.until(_summary_is(world, "Stopped"))

        world.ask("retry", "Retry", of="one")
        await world.until(_summary_is(world, "Completed"), seconds=30)

    _play(story, behave)


def test_a_stage_waits_for_approval_over_a_restart_and_then_runs() -> None:
    async def story(world: World) -> None:
        world.apply("one", [_stage("work"), _stage("publish", approval=True)])
        await world.until(_summary_is(world, "AwaitingApproval"))
        await world.operators[0].kill()
        world.run_out_lease()
        world.start_operator()
        await asyncio.sleep(60)
        assert world.summary("one") == "AwaitingApproval"

        world.ask("yes", "Approve", "publish", of="one", reason="looks good", requestedBy="ops")
        await world.until(_summary_is(world, "Completed"))

        record = world.stage("one", "publish")["approval"]
        assert (record["by"], record["reason"]) == ("ops", "looks good")

    _play(story, lambda _pod: Behaviour(seconds=1))


def test_never_more_stages_at_work_than_the_run_allows_while_others_use_the_rest() -> None:
    async def story(world: World) -> None:
        side = [_stage(f"side_{n}", dependsOn=[]) for n in range(6)]
        world.apply("one", side, parallelism=2)
        world.apply("two", side)
        await world.until(lambda: world.summary("two") == "Completed", seconds=600)
        await world.until(_summary_is(world, "Completed"), seconds=600)

        uid = world.run("one")["metadata"]["uid"]
        own = [p for p in world.invariants.runs if p.run == uid]
        others = [p for p in world.invariants.runs if p.run != uid]
        assert len(own) == len(others) == 6
        assert _most_at_once(own) == 2
        assert _most_at_once(others) > 2

    _play(story, lambda _pod: Behaviour(seconds=20), machines=8)


def _most_at_once(processes: list[Any]) -> int:
    return max(sum(_runs_at(at.started, other) for other in processes) for at in processes)


def _runs_at(moment: float, process: Any) -> bool:
    return process.started <= moment and (process.ended is None or moment < process.ended)
