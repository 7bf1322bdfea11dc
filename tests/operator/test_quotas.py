"""What is due goes before what is made ahead, where a quota has no room for both."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.support.fakeapi.failures import Failure
from tests.support.fakeapi.faults import Seen
from tests.support.fakeapi.kubelet import Behave, Behaviour
from tests.support.fakeapi.resources import JOBS, LIMIT_RANGES, PIPELINE_JOBS, PODS, Json, part
from tests.support.fakeapi.simulator import succeed
from tests.support.operators.setup import NAMESPACE
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World
from tests.support.recorded import stages_of

TERMINAL = {"Succeeded", "Failed"}


def stage(name: str, **fields: Any) -> Json:
    return {"name": name, "image": "x", "runsOn": ["gpu"], "retries": 0, **fields}


def play(story: Callable[[World], Awaitable[None]], behave: Behave = succeed) -> None:
    async def main() -> None:
        async with World(timescale, behave=behave) as world:
            world.start_operator()
            await story(world)
            world.check_invariants()

    timescale = VirtualTime()
    timescale.run(main())


def of_run(name: str) -> Callable[[Json], bool]:
    return lambda data: part(data, "metadata", "labels")["stagework.dev/pipelinejob"] == name


def pods_of(world: World, run: str) -> list[Json]:
    """Its Pods that have not ended: those count in a quota."""
    pods = (pod.data for pod in world.store.list(PODS) if of_run(run)(pod.data))
    return [pod for pod in pods if part(pod, "status").get("phase") not in TERMINAL]


def quota_of_pods(world: World, limit: int) -> None:
    def refuses(job: Json) -> str:
        used = sum(
            part(p.data, "status").get("phase") not in TERMINAL for p in world.store.list(PODS)
        )
        name = job["metadata"]["name"]
        if used < limit:
            return ""
        numbers = f"requested: pods=1, used: pods={used}, limited: pods={limit}"
        return f'pods "{name}-x" is forbidden: exceeded quota: few, {numbers}'

    world.simulator.jobs.refuses = refuses


def quota_of_jobs(world: World, limit: int) -> None:
    async def hook(seen: Seen) -> Failure | None:
        used = len(world.store.list(JOBS))
        if (seen.verb, seen.resource) != ("POST", JOBS) or used < limit:
            return None
        numbers = f"used: count/jobs.batch={used}, limited: count/jobs.batch={limit}"
        text = f'jobs.batch "j" is forbidden: exceeded quota: few, {numbers}'
        return Failure(403, "Forbidden", text)

    world.faults.before.append(hook)


def long_first(pod: Json) -> Behaviour:
    slow = part(pod, "metadata", "labels")["stagework.dev/pipelinejob"] == "slow"
    return Behaviour(seconds=1000 if slow else 5)


def test_pods_that_are_held_ahead_give_way_to_a_stage_of_another_run_that_is_due() -> None:
    async def story(world: World) -> None:
        quota_of_pods(world, 3)
        world.apply("slow", [stage("a"), stage("b"), stage("c")])
        await world.until(lambda: len(pods_of(world, "slow")) == 3)

        world.apply("due", [stage("a", runsOn=["macmini"])])
        await world.until(lambda: world.stage("due", "a").get("reason") == "QuotaExceeded")
        said = world.stage("due", "a")["message"]
        assert said.startswith("exceeded quota: few, requested: pods=1, used: pods=3, limited")
        await world.until(lambda: world.summary("due") == "Completed", seconds=120)

        assert world.stage("due", "a")["attempt"] == 1
        assert world.stage("slow", "a")["state"] == "Running"
        assert len(pods_of(world, "slow")) == 1, "nothing is made ahead for a while"
        await asyncio.sleep(120)
        assert len(pods_of(world, "slow")) == 3, "then it is again"

    play(story, long_first)


def test_a_stage_that_a_quota_refuses_holds_no_machine_and_costs_no_attempt() -> None:
    async def story(world: World) -> None:
        quota_of_pods(world, 0)
        world.apply("refused", [stage("a", startDeadlineSeconds=3600)])
        await world.until(lambda: world.summary("refused") == "Stuck", seconds=90)
        assert "exceeded quota" in world.run("refused")["status"]["message"]
        writes = world.run("refused")["metadata"]["resourceVersion"]
        await asyncio.sleep(600)
        assert int(world.run("refused")["metadata"]["resourceVersion"]) - int(writes) < 1000

        quota_of_pods(world, 100)
        world.apply("other", [stage("a")])
        await world.until(lambda: world.summary("other") == "Completed", seconds=30)
        await world.until(lambda: world.summary("refused") == "Completed", seconds=120)
        assert world.stage("refused", "a")["attempt"] == 1

    play(story)


def test_the_slot_of_a_stage_whose_pod_a_quota_refuses_goes_back_before_its_grace_is_over() -> None:
    """No Pod is there, and none will come: what is known by then is no reason to wait."""

    async def story(world: World) -> None:
        quota_of_pods(world, 0)
        world.apply("refused", [stage("a", startDeadlineSeconds=3600)])
        await world.until(lambda: world.stage("refused", "a").get("reason") == "QuotaExceeded")
        assert world.stage("refused", "a")["state"] == "Starting"

        world.apply("behind", [stage("a", startDeadlineSeconds=3600)])
        await world.until(lambda: world.stage("behind", "a").get("state") == "Starting", seconds=5)

    play(story)


@pytest.mark.parametrize(
    "counted", ["requests.cpu", "limits.memory", "pods", "count/pods", "requests.nvidia.com/gpu"]
)
def test_whatever_a_quota_counts_the_stage_says_so_and_others_have_the_slot(counted: str) -> None:
    numbers = f"requested: {counted}=1, used: {counted}=9, limited: {counted}=9"

    async def story(world: World) -> None:
        world.simulator.jobs.refuses = lambda job: (
            f'pods "{job["metadata"]["name"]}-x" is forbidden: exceeded quota: few, {numbers}'
            if "refused" in job["metadata"]["name"]
            else ""
        )
        world.apply("refused", [stage("a", startDeadlineSeconds=3600)])
        await world.until(lambda: world.stage("refused", "a").get("reason") == "QuotaExceeded")
        assert world.stage("refused", "a")["message"].startswith(f"exceeded quota: few, {numbers}")

        world.apply("other", [stage("a")])
        await world.until(lambda: world.summary("other") == "Completed", seconds=20)
        assert world.stage("refused", "a").get("attempt", 1) == 1

    play(story)


def test_where_a_quota_counts_finished_jobs_they_go_after_the_commit() -> None:
    async def story(world: World) -> None:
        quota_of_jobs(world, 1)
        world.apply("line", [stage("a"), stage("b"), stage("c")])
        await world.until(lambda: world.summary("line") == "Completed", seconds=180)
        assert [s["attempt"] for s in stages_of(world.run("line"))] == [1, 1, 1]

    play(story)


def test_where_there_is_room_finished_jobs_stay_for_their_logs() -> None:
    async def story(world: World) -> None:
        world.apply("line", [stage("a"), stage("b")])
        await world.until(lambda: world.summary("line") == "Completed")
        assert len(world.store.list(JOBS)) == 2

    play(story)


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (
            'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
            'violates PodSecurity "restricted:latest"',
        ),
        ("minimum memory usage per Container is 1Gi, but request is 64Mi", "minimum memory usage"),
    ],
)
def test_what_keeps_a_pod_from_being_made_is_said_within_half_a_minute(
    refusal: str, said: str
) -> None:
    async def story(world: World) -> None:
        world.simulator.jobs.refuses = lambda job: (
            f'pods "{job["metadata"]["name"]}-x" is forbidden: {refusal}'
        )
        world.apply("one", [stage("a", startDeadlineSeconds=120)])
        await world.until(lambda: world.stage("one", "a").get("reason") == "PodRefused", seconds=30)
        assert world.stage("one", "a")["message"].startswith(said)
        await world.until(lambda: world.summary("one") == "StageFailed", seconds=200)
        failed = world.stage("one", "a")
        assert failed["reason"] == "StartDeadlineExceeded"
        assert said in failed["message"]

    play(story)


def test_it_changes_its_status_seldom_while_it_is_refused() -> None:
    async def story(world: World) -> None:
        quota_of_pods(world, 0)
        world.apply("one", [stage("a", startDeadlineSeconds=3600)])
        await world.until(lambda: world.summary("one") == "Stuck", seconds=90)
        said: set[tuple[str, str]] = set()
        for _ in range(300):
            await asyncio.sleep(1)
            now = world.stage("one", "a")
            said.add((now["state"], now["reason"]))
        assert said == {("Stuck", "QuotaExceeded")}

    play(story)


def test_nobody_gives_way_in_another_namespace() -> None:
    async def story(world: World) -> None:
        world.apply("slow", [stage("a"), stage("b")])
        await world.until(lambda: len(pods_of(world, "slow")) == 2)
        held = {pod["metadata"]["uid"] for pod in pods_of(world, "slow")}
        world.simulator.jobs.refuses = lambda job: (
            'pods "x" is forbidden: exceeded quota: few, used: pods=9'
            if job["metadata"]["namespace"] == "attic"
            else ""
        )
        body = {"metadata": {"name": "due"}, "spec": {"stages": [stage("a", runsOn=["macmini"])]}}
        world.store.create(PIPELINE_JOBS, "attic", body)
        await asyncio.sleep(60)
        there = {pod["metadata"]["uid"] for pod in pods_of(world, "slow")}
        assert there == held
        assert NAMESPACE != "attic"

    play(story, long_first)


@pytest.mark.parametrize("limits", [{"memory": "256Mi"}, {}], ids=["given", "nothing given"])
def test_where_a_namespace_gives_requests_ours_are_left_out(limits: dict[str, str]) -> None:
    async def story(world: World) -> None:
        item = {"type": "Container", "defaultRequest": limits, "min": limits}
        world.store.create(
            LIMIT_RANGES, NAMESPACE, {"metadata": {"name": "l"}, "spec": {"limits": [item]}}
        )
        for name in ("one", "two"):
            world.apply(name, [stage("a")])
        for name in ("one", "two"):
            await world.until(lambda name=name: world.summary(name) == "Completed")
        for job in world.store.list(JOBS):
            (container,) = job.data["spec"]["template"]["spec"]["containers"]
            requests = container["resources"]["requests"]
            assert ("memory" in requests) is not bool(limits)
            assert "cpu" in requests

    play(story)
