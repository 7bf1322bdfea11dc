"""Slots belong to what works: the whole operator, on the fake API server."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.support.fakeapi.failures import Failure
from tests.support.fakeapi.faults import Seen
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import (
    NODES,
    PIPELINE_JOBS,
    PIPELINES,
    PODS,
    REVISIONS,
    Json,
    part,
)
from tests.support.operators.setup import NAMESPACE, settings
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World


def stage(name: str = "a", **changes: Any) -> Json:
    return {"name": name, "image": "x", "runsOn": ["gpu"], "retries": 0, **changes}


def play(
    story: Callable[[World], Coroutine[Any, Any, None]],
    behave: Callable[[Json], Behaviour] = lambda _pod: Behaviour(seconds=1000, stop_seconds=25),
    *,
    slots: int = 1,
    machines: int = 1,
) -> None:
    """Play a story in a world of its own."""

    async def main() -> None:
        of = settings(slots=slots)
        async with World(timescale, of=of, behave=behave, machines=machines) as world:
            await story(world)

    timescale = VirtualTime()
    timescale.run(main())


def name_of(pod: Json) -> str:
    return part(pod, "metadata", "labels")["stagework.dev/pipelinejob"]


def running(world: World) -> list[str]:
    """Names of the runs whose processes are there."""
    names = {r.data["metadata"]["uid"]: r.key[1] for r in world.store.list(PIPELINE_JOBS)}
    return [names.get(p.run, "gone") for p in world.invariants.runs if p.ended is None]


def started(world: World) -> list[str]:
    """Names of the runs whose processes were there, in order."""
    names = {r.data["metadata"]["uid"]: r.key[1] for r in world.store.list(PIPELINE_JOBS)}
    return [names.get(process.run, "gone") for process in world.invariants.runs]


async def one_runs_and_two_waits(world: World) -> None:
    world.start_operator()
    world.apply("one", [stage()])
    await world.until(lambda: world.stage("one", "a").get("state") == "Running")
    world.apply("two", [stage()])
    await world.until(lambda: world.stage("two", "a").get("reason") == "NoFreeSlot")


@pytest.mark.parametrize("finalizers", [[], ["backup.example.org/keep"]], ids=["plain", "kept"])
def test_a_deleted_run_holds_its_slot_until_its_pod_has_ended(finalizers: list[str]) -> None:
    async def story(world: World) -> None:
        await one_runs_and_two_waits(world)
        world.store.patch(PIPELINE_JOBS, NAMESPACE, "one", {"metadata": {"finalizers": finalizers}})

        world.store.delete(PIPELINE_JOBS, NAMESPACE, "one", {"propagationPolicy": "Background"})
        await asyncio.sleep(20)
        assert len(running(world)) == 1, "two at once on a class with one slot"
        if finalizers:
            pod = next(p for p in world.store.list(PODS) if name_of(p.data) == "one")
            world.store.delete(PODS, *pod.key)
        await world.until(lambda: running(world) == ["two"])

        first, second = world.invariants.runs
        assert first.ended is not None
        assert second.started >= first.ended

    play(story)


def test_a_run_that_goes_only_after_its_pods_says_so_until_they_have_ended() -> None:
    """Its Jobs and Pods have their grace, and nothing new is made meanwhile."""

    async def story(world: World) -> None:
        world.start_operator()
        world.apply("one", [stage(), stage(name="b")])
        await world.until(lambda: running(world) == ["one"])
        await world.until(lambda: len(world.store.list(PODS)) == 2)
        kept = {"metadata": {"finalizers": ["backup.example.org/keep"]}}
        world.store.patch(PIPELINE_JOBS, NAMESPACE, "one", kept)
        world.store.delete(PIPELINE_JOBS, NAMESPACE, "one", {"propagationPolicy": "Foreground"})
        await world.until(lambda: world.summary("one") == "Deleting", seconds=5)

        said = world.run("one")["status"]
        assert said["message"] == "it is being deleted; not ended yet: a"
        await world.until(lambda: not running(world), seconds=60)
        await world.until(
            lambda: world.run("one")["status"]["message"] == "it is being deleted", seconds=5
        )
        assert (len(world.invariants.runs), world.store.list(PODS)) == (1, [])

    play(story)


def test_what_was_away_has_its_slot_again_before_any_is_given() -> None:
    """The node comes back, its stage still works there, and an older run waits."""

    async def story(world: World) -> None:
        world.start_operator()
        world.apply("two", [stage()], suspend=True)
        await world.until(lambda: world.summary("two") == "Suspended")
        world.apply("one", [stage()])
        await world.until(lambda: running(world) == ["one"])
        world.store.patch(PIPELINE_JOBS, NAMESPACE, "two", {"spec": {"suspend": False}})
        await world.until(lambda: world.stage("two", "a").get("reason") == "NoFreeSlot")
        world.simulator.set_ready("gpu-1", ready=False)
        await asyncio.sleep(5)
        world.simulator.set_ready("gpu-1", ready=True)
        await asyncio.sleep(30)

        assert running(world) == ["one"]

    play(story)


def test_a_deleted_runs_pod_holds_its_slot_though_the_operator_has_changed_meanwhile() -> None:
    """Nothing but the Pod is left that says so."""

    async def story(world: World) -> None:
        await one_runs_and_two_waits(world)
        world.store.delete(PIPELINE_JOBS, NAMESPACE, "one", {"propagationPolicy": "Background"})
        await world.operators.pop().kill()
        world.run_out_lease()
        world.start_operator()
        await asyncio.sleep(15)
        assert len(running(world)) == 1, "two at once on a class with one slot"
        await world.until(lambda: running(world) == ["two"])

        first, second = world.invariants.runs
        assert first.ended is not None
        assert second.started >= first.ended

    play(story)


def test_a_pod_that_says_to_be_of_a_run_that_is_gone_holds_no_slot_for_long() -> None:
    """Nothing proves that it was ours; here somebody keeps it from going."""

    async def story(world: World) -> None:
        operator = world.start_operator()
        world.apply("one", [stage()])
        await world.until(lambda: running(world) == ["one"])
        (pod,) = world.store.list(PODS)
        kept = {"finalizers": ["example.org/kept"], "deletionGracePeriodSeconds": 10_000}
        world.simulator.close()
        world.store.delete(PIPELINE_JOBS, NAMESPACE, "one", {"propagationPolicy": "Background"})
        world.store.delete(PODS, *pod.key)
        world.store.patch(PODS, *pod.key, {"metadata": kept})
        await operator.kill()
        world.operators.clear()
        world.run_out_lease()
        world.apply("two", [stage()])
        world.start_operator()
        await asyncio.sleep(50)
        assert not world.stage("two", "a").get("turnTime")
        await world.until(lambda: bool(world.stage("two", "a").get("turnTime")), seconds=20)

    play(story)


def broken_status(world: World) -> None:
    """Somebody has edited what no operator writes."""
    stages = [{**s, "attempt": -5} for s in part(world.run("one"), "status")["stages"]]
    world.store.patch(PIPELINE_JOBS, NAMESPACE, "one", {"status": {"stages": stages}})


@pytest.mark.parametrize("restarted", [False, True])
def test_a_run_whose_status_was_broken_holds_its_slot(*, restarted: bool) -> None:
    async def story(world: World) -> None:
        await one_runs_and_two_waits(world)
        broken_status(world)
        if restarted:
            await world.operators.pop().kill()
            world.run_out_lease()
            world.start_operator()

        await asyncio.sleep(30)

        assert running(world) == ["one"]

    play(story)


async def of_a_pipeline(world: World) -> None:
    """A run of a Pipeline is at work; its operator has died."""
    operator = world.start_operator()
    body: Json = {"metadata": {"name": "p"}, "spec": {"stages": [stage(), stage("b")]}}
    world.store.create(PIPELINES, NAMESPACE, body)
    body = {"metadata": {"name": "one"}, "spec": {"pipelineRef": {"name": "p"}}}
    world.store.create(PIPELINE_JOBS, NAMESPACE, body)
    await world.until(lambda: world.stage("one", "a").get("state") == "Running")
    await operator.kill()
    world.operators.remove(operator)
    world.run_out_lease()


def test_a_run_whose_revision_is_lost_holds_its_slot() -> None:
    async def story(world: World) -> None:
        await of_a_pipeline(world)
        (revision,) = world.store.list(REVISIONS)
        world.store.delete(REVISIONS, *revision.key)

        world.start_operator()
        await world.until(lambda: world.summary("one") == "RevisionLost")
        world.apply("two", [stage()])
        await asyncio.sleep(30)

        assert running(world) == ["one"]

    play(story)


def test_while_the_api_server_is_flaky_at_a_take_over_no_slot_is_given_away() -> None:
    async def refuse(seen: Seen) -> Failure | None:
        is_read = seen.verb == "GET" and seen.resource is REVISIONS
        return Failure(500, "InternalError", "flaky") if is_read else None

    async def story(world: World) -> None:
        await of_a_pipeline(world)
        world.apply("two", [stage()])
        world.faults.before.append(refuse)
        world.start_operator()

        await asyncio.sleep(120)
        assert running(world) == ["one"]
        world.faults.before.remove(refuse)
        await asyncio.sleep(60)

        assert running(world) == ["one"]
        assert "waits for a gpu slot" in world.run("two")["status"]["message"]

    play(story)


def test_priority_counts_from_the_first_slot_on() -> None:
    """Nobody was accepted yet when the operator started."""

    async def story(world: World) -> None:
        for number in range(5):
            world.apply(f"a-low-{number}", [stage()])
        world.apply("z-high", [stage()], priority=1000)

        world.start_operator()
        await world.until(lambda: started(world) != [])

        assert started(world) == ["z-high"]

    play(story)


def test_priority_counts_for_slots_that_came_free_while_no_operator_was_there() -> None:
    async def story(world: World) -> None:
        operator = world.start_operator()
        world.apply("m-first", [stage()])
        await world.until(lambda: started(world) == ["m-first"])
        for number in range(5):
            world.apply(f"a-low-{number}", [stage()])
        world.apply("z-high", [stage()], priority=1000)
        await asyncio.sleep(10)
        await operator.kill()
        world.operators.remove(operator)
        await asyncio.sleep(60)

        world.run_out_lease()
        world.start_operator()
        await world.until(lambda: len(started(world)) == 2)

        assert started(world) == ["m-first", "z-high"]

    play(story, lambda _pod: Behaviour(seconds=50))


def test_an_image_that_cannot_be_pulled_gives_its_slot_to_the_next_run() -> None:
    def behave(pod: Json) -> Behaviour:
        return Behaviour(waiting="ErrImagePull") if name_of(pod) == "typo" else Behaviour(seconds=5)

    async def story(world: World) -> None:
        world.start_operator()
        world.apply("typo", [stage(startDeadlineSeconds=300)])
        await world.until(lambda: world.stage("typo", "a").get("reason") == "ErrImagePull")
        assert world.summary("typo") == "Starting"
        world.apply("good", [stage()])

        await world.until(lambda: world.summary("good") == "Completed", seconds=50)

        assert world.summary("typo") == "Stuck"
        assert world.run("typo")["status"]["message"] == "a is stuck: ErrImagePull: made up"
        await world.until(lambda: world.summary("typo") == "StageFailed", seconds=400)
        assert world.stage("typo", "a")["reason"] == "StartDeadlineExceeded"

    play(story, behave)


def test_a_name_that_no_image_can_have_fails_at_once() -> None:
    async def story(world: World) -> None:
        world.start_operator()
        world.apply("typo", [stage(retries=3)])

        await world.until(lambda: world.summary("typo") == "StageFailed", seconds=20)

        failed = world.stage("typo", "a")
        assert (failed["attempt"], failed["reason"]) == (1, "InvalidImageName")

    play(story, lambda _pod: Behaviour(waiting="InvalidImageName"))


def refuses_ungating_of(run: str) -> Callable[[Seen], Coroutine[Any, Any, Failure | None]]:
    async def refuse(seen: Seen) -> Failure | None:
        is_ungate = seen.verb == "PATCH" and seen.resource is PODS and seen.name.startswith(run)
        return Failure(403, "Forbidden", "denied by a webhook") if is_ungate else None

    return refuse


def test_a_turn_that_cannot_be_used_is_given_to_the_next() -> None:
    async def story(world: World) -> None:
        world.faults.before.append(refuses_ungating_of("bad"))
        world.start_operator()
        world.apply("bad", [stage()])
        await asyncio.sleep(10)
        world.apply("good", [stage()])

        await world.until(lambda: world.summary("good") == "Completed", seconds=90)

    play(story, lambda _pod: Behaviour(seconds=5))


def test_slots_go_round_two_namespaces() -> None:
    async def story(world: World) -> None:
        world.start_operator()
        for number in range(20):
            world.apply(f"many-{number:02}", [stage()])
        await world.until(lambda: len(started(world)) == 1)
        body: Json = {"metadata": {"name": "quiet"}, "spec": {"stages": [stage()]}}
        world.store.create(PIPELINE_JOBS, "elsewhere", body)

        await world.until(lambda: len(started(world)) == 3, seconds=120)

        assert started(world) == ["many-00", "quiet", "many-01"]

    play(story, lambda _pod: Behaviour(seconds=20))


def test_who_waits_is_said_its_place_and_who_holds() -> None:
    async def story(world: World) -> None:
        world.start_operator()
        world.apply("holder", [stage("overlay")])
        await world.until(lambda: running(world) == ["holder"])
        for name in ("b", "c", "d"):
            world.apply(name, [stage()])
        await asyncio.sleep(10)

        told = [world.stage(name, "a")["message"] for name in ("b", "c", "d")]

        assert [text.split("; ")[0] for text in told] == [
            f"waits for a gpu slot: {place} of 3" for place in ("1st", "2nd", "3rd")
        ]
        assert all("; 1 of 1 taken by holder (overlay, " in text for text in told)

    play(story)


def test_what_runs_on_a_cordoned_node_takes_no_other_nodes_slot() -> None:
    async def story(world: World) -> None:
        world.start_operator()
        world.apply("one", [stage()])
        await world.until(lambda: world.stage("one", "a").get("state") == "Running")
        node = world.stage("one", "a")["node"]
        world.store.patch(NODES, "", node, {"spec": {"unschedulable": True}})
        await asyncio.sleep(5)

        world.apply("two", [stage()])
        world.apply("waits", [stage()])
        await world.until(lambda: world.stage("two", "a").get("state") == "Running")

        assert world.stage("waits", "a")["reason"] == "NoFreeSlot"
        assert world.stage("two", "a")["node"] != node

    play(story, machines=2)
