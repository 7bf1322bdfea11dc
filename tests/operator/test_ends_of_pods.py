"""What is believed of the end of a Pod, on the real engine: nothing without a proof."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.support.fakeapi.failures import Failure
from tests.support.fakeapi.faults import Seen, Verdict
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import JOBS, NODES, PODS, Json, items, part
from tests.support.fakeapi.simulator import succeed
from tests.support.fakeapi.store import Stored
from tests.support.operators.setup import NAMESPACE
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

Story = Callable[[World], Awaitable[None]]


def _stage(name: str = "a", **changes: Any) -> Json:
    fields = {"name": name, "image": "x", "runsOn": ["gpu"], "retries": 0, "backoffSeconds": 0}
    return {**fields, **changes}


def _lives(_pod: Json) -> Behaviour:
    return Behaviour(seconds=400.0, stop_seconds=28.0)


def _hardly_stops(_pod: Json) -> Behaviour:
    return Behaviour(seconds=30.0, stop_seconds=60.0)


def _fails(_pod: Json) -> Behaviour:
    return Behaviour(exit_code=1, seconds=10.0)


def _tell(story: Story, *, machines: int = 1, alone: bool = True) -> None:
    """`alone`: nobody else starts a process."""
    timescale = VirtualTime()

    async def main() -> None:
        async with World(timescale, behave=_lives, machines=machines) as world:
            world.start_operator()
            world.apply("one", [_stage()])
            await world.until(lambda: _state(world) == "Running")
            await story(world)
            if alone:
                world.check_invariants()
            world.check_commits()

    timescale.run(main())


def _state(world: World) -> str:
    return str(world.stage("one", "a").get("state", ""))


def _remove_by_force(world: World) -> None:
    _remove(world, world.store.list(PODS)[0])


def _remove(world: World, pod: Stored) -> None:
    """`kubectl delete pod --force`: the object goes at once."""
    world.store.delete(PODS, *pod.key, {"gracePeriodSeconds": 0})
    if pod.key in world.store.tables[PODS].objects:
        world.store.patch(PODS, *pod.key, {"metadata": {"finalizers": None}})


def test_a_pod_whose_label_was_taken_off_is_not_gone() -> None:
    async def story(world: World) -> None:
        pod = world.store.list(PODS)[0]
        label: Json = {"labels": {"stagework.dev/run-uid": None}}
        world.store.patch(PODS, *pod.key, {"metadata": label})
        await asyncio.sleep(300)
        assert _state(world) == "Running"
        await world.until(lambda: world.summary("one") == "Completed", seconds=200)
        assert len(world.invariants.runs) == 1

    _tell(story)


@pytest.mark.parametrize("cordoned", [False, True], ids=["open", "cordoned"])
def test_a_node_that_was_away_meanwhile_has_the_whole_grace_again(*, cordoned: bool) -> None:
    async def story(world: World) -> None:
        node = str(world.stage("one", "a")["node"])
        if cordoned:
            world.store.patch(NODES, "", node, {"spec": {"unschedulable": True}})
        await asyncio.sleep(2)
        _remove_by_force(world)
        await asyncio.sleep(10)
        world.simulator.set_ready(node, ready=False)
        await asyncio.sleep(60)
        world.simulator.set_ready(node, ready=True)
        await asyncio.sleep(85)
        assert world.stage("one", "a").get("attempt", 1) == 1
        await world.until(lambda: world.stage("one", "a")["attempt"] == 2, seconds=60)

    _tell(story, machines=2)


def test_a_skipped_stage_is_retried_only_once_its_old_process_has_ended() -> None:
    async def story(world: World) -> None:
        world.simulator.set_ready("gpu-1", ready=False)
        await asyncio.sleep(5)
        _remove_by_force(world)
        await asyncio.sleep(10)
        world.simulator.add_node("gpu-9", {"stagework.dev/machine": "gpu"})
        world.ask("skip", "Skip", "a", of="one")
        await world.until(lambda: _state(world) == "Skipped")
        world.ask("retry", "Retry", "a", of="one")
        await asyncio.sleep(60)
        assert world.stage("one", "a")["reason"] == "PodLost"
        world.simulator.set_ready("gpu-1", ready=True)
        await world.until(lambda: world.stage("one", "a").get("attempt") == 2, seconds=200)

    _tell(story)


def test_what_else_runs_in_the_pod_of_a_failed_stage_is_ended() -> None:
    async def story(world: World) -> None:
        pod, now = world.store.list(PODS)[0], world.store.now()
        ended = {"exitCode": 1, "reason": "Error", "startedAt": now, "finishedAt": now}
        states = [
            {"name": "stage", "state": {"terminated": ended}},
            {"name": "proxy", "state": {"running": {"startedAt": now}}},
        ]
        world.store.patch(PODS, *pod.key, {"status": {"containerStatuses": states}})
        await world.until(lambda: world.summary("one") == "StageFailed")

        def is_ended() -> bool:
            found = world.store.tables[PODS].objects.get(pod.key)
            return found is None or "deletionTimestamp" in found.meta

        await world.until(is_ended, seconds=60)

    _tell(story)


def test_what_somebody_ungates_in_the_place_of_a_lost_pod_is_not_taken_for_it() -> None:
    """An exit code is counted by the Job controller, and that knows nothing of gates."""

    async def story(world: World) -> None:
        world.apply("two", [_stage(contract="ExitCode", retries=0)])
        await world.until(lambda: world.stage("two", "a").get("state") == "Running")
        lost = str(world.stage("two", "a")["pod"])
        job = str(world.stage("two", "a")["job"])
        (pod,) = [p for p in world.store.list(PODS) if p.meta["uid"] == lost]
        _remove(world, pod)
        world.simulator.kubelets.behave = succeed

        def replacement() -> list[Stored]:
            pods = world.store.list(PODS)
            return [p for p in pods if p.key[1].startswith(job) and p.meta["uid"] != lost]

        while not replacement():  # noqa: ASYNC110 - before the operator has noticed
            await asyncio.sleep(0)
        spec = {"schedulingGates": None, "nodeSelector": {"stagework.dev/machine": "gpu"}}
        world.store.patch(PODS, *replacement()[0].key, {"spec": spec})
        await world.until(lambda: world.summary("two") == "Completed", seconds=300)

        commit = world.stage("two", "a")["commit"]
        assert commit["pod"] != lost
        assert commit["attempt"] == 2

    _tell(story, alone=False)


@pytest.mark.parametrize("contract", ["ExitCode", "Mark"])
def test_what_nobody_sees_in_the_place_of_a_lost_pod_is_not_taken_for_it(contract: str) -> None:
    """It has neither gate nor labels of ours from its first moment, and its Job counts it."""

    async def story(world: World) -> None:
        world.apply("two", [_stage(contract=contract)])
        await world.until(lambda: world.stage("two", "a").get("state") == "Running")
        lost = str(world.stage("two", "a")["pod"])
        job = str(world.stage("two", "a")["job"])
        await world.operators[0].kill()
        _take_off_everything(world, job)
        world.simulator.kubelets.behave = succeed
        (pod,) = [p for p in world.store.list(PODS) if p.meta["uid"] == lost]
        _remove(world, pod)
        await world.until(lambda: _is_complete(world, job))
        world.run_out_lease()
        world.start_operator()
        await asyncio.sleep(20)
        assert world.stage("two", "a").get("reason") == "PodLost"
        await world.until(lambda: world.summary("two") == "Completed", seconds=300)

        commit = world.stage("two", "a")["commit"]
        assert (commit["pod"] != lost, commit["attempt"]) == (True, 2)

    _tell(story, alone=False)


def _take_off_everything(world: World, job: str) -> None:
    """From what that Job will make, as a webhook could do."""
    labels = part(
        world.store.get(JOBS, NAMESPACE, job).data, "spec", "template", "metadata", "labels"
    )
    spec = {"schedulingGates": None, "nodeSelector": {"stagework.dev/machine": "gpu"}}
    template: Json = {"metadata": {"labels": dict.fromkeys(labels)}, "spec": spec}
    world.store.patch(JOBS, NAMESPACE, job, {"spec": {"template": template}})


def _is_complete(world: World, job: str) -> bool:
    conditions = items(world.store.get(JOBS, NAMESPACE, job).data["status"], "conditions")
    return any(condition["type"] == "Complete" for condition in conditions)


def test_what_a_job_makes_in_the_place_of_a_removed_pod_goes_with_the_end_of_its_stage() -> None:
    """Its result was stored: the stage has succeeded, and its Job has a Pod that is held."""

    async def story(world: World) -> None:
        world.simulator.kubelets.behave = _hardly_stops
        world.apply("two", [_stage()])
        await world.until(lambda: world.stage("two", "a").get("state") == "Running")
        job, faults = str(world.stage("two", "a")["job"]), world.faults.before
        faults.append(_deaf_to_patches)
        (pod,) = [p for p in world.store.list(PODS) if p.key[1].startswith(job)]
        _remove(world, pod)
        await asyncio.sleep(40)
        faults.remove(_deaf_to_patches)
        await world.until(lambda: world.summary("two") == "Completed", seconds=200)

        def held() -> list[Stored]:
            return [p for p in world.store.list(PODS) if p.key[1].startswith(job)]

        await world.until(lambda: not held(), seconds=30)

    _tell(story)


async def _deaf_to_patches(seen: Seen) -> Verdict:
    denied = Failure(403, "Forbidden", "denied by a webhook")
    return denied if seen.verb == "PATCH" else None


def test_a_job_of_an_attempt_that_no_status_knows_goes_with_the_end_of_its_stage() -> None:
    """It was made, and then no status could be written before a person skipped the stage."""

    async def story(world: World) -> None:
        world.simulator.kubelets.behave = _fails
        world.apply("two", [_stage(retries=1), _stage("b", dependsOn=[])])
        await world.until(lambda: world.stage("two", "a").get("state") == "Running")
        faults = world.faults.before

        async def from_then_on(seen: Seen) -> Verdict:
            if seen.verb == "POST" and b'"two-a-2-' in seen.body:
                faults.append(_deaf_to_patches)
            return None

        faults.append(from_then_on)
        await world.until(lambda: _deaf_to_patches in faults)
        world.ask("skip", "Skip", "a", "b", of="two")
        await asyncio.sleep(15)
        assert world.stage("two", "a").get("attempt", 1) == 1
        faults.clear()
        await world.until(lambda: world.summary("two") == "CompletedWithSkips", seconds=200)

        def held() -> list[Stored]:
            return [p for p in world.store.list(PODS) if p.key[1].startswith("two-a-2-")]

        await world.until(lambda: not held(), seconds=30)

    _tell(story)
