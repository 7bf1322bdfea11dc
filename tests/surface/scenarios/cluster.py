"""The API server refuses, namespaces end, operators die."""

import asyncio

from tests.support.fakeapi import failures
from tests.support.fakeapi.failures import Failure
from tests.support.fakeapi.faults import Seen, Verdict, about, writes
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import (
    JOBS,
    LEASES,
    PIPELINE_JOBS,
    PIPELINES,
    PODS,
    REVISIONS,
    Json,
)
from tests.support.operators.setup import NAMESPACE
from tests.support.operators.world import World
from tests.surface.driving import (
    HANGS,
    RUN,
    change,
    ended,
    fork,
    line,
    pipeline,
    reached,
    run_of,
    scenario,
)

SLOW = Behaviour(seconds=20)
POST_JOB = about("POST", "jobs")
QUOTA = Failure(
    403,
    "Forbidden",
    'jobs.batch "x" is forbidden: exceeded quota: few, requested: count/jobs.batch=1, '
    "used: count/jobs.batch=2, limited: count/jobs.batch=2",
)


@scenario()
async def a_quota_is_full(world: World) -> None:
    """The stage waits, and the Job is tried again."""
    world.faults.fail(POST_JOB, times=3, failure=QUOTA)
    world.apply(RUN, line("a", "b"))
    await ended(world)


@scenario()
async def a_job_is_invalid(world: World) -> None:
    """The stage fails with the API server's sentence."""
    failure = failures.invalid(JOBS, "x", "spec.template", "made up")
    world.faults.fail(POST_JOB, times=1, failure=failure)
    world.apply(RUN, line("a", "b"))
    await ended(world)


@scenario()
async def a_job_is_forbidden(world: World) -> None:
    """A right is missing: tried again until it is there."""
    failure = Failure(403, "Forbidden", "jobs.batch is forbidden: cannot create it")
    world.faults.fail(POST_JOB, times=4, failure=failure)
    world.apply(RUN, line("a"))
    await ended(world)


@scenario()
async def a_job_of_that_name_is_there(world: World) -> None:
    """It belongs to somebody else."""

    async def be_first(seen: Seen) -> Verdict:
        if POST_JOB(seen):
            body = {"metadata": {"name": seen.json()["metadata"]["name"]}}
            spec: Json = {"suspend": True, "template": {"spec": {"containers": []}}}
            world.store.create(JOBS, NAMESPACE, {**body, "spec": spec})
            world.faults.before.remove(be_first)
        return None

    world.faults.before.append(be_first)
    world.apply(RUN, line("a", "b"))
    await ended(world)


@scenario()
async def answers_are_lost(world: World) -> None:
    """Writes are done, and nobody learns of it."""
    for verb, plural, sub in (
        ("POST", "jobs", ""),
        ("PATCH", "pods", ""),
        ("PATCH", "pipelinejobs", "status"),
        ("POST", "controllerrevisions", ""),
    ):
        world.faults.lose_answer(about(verb, plural, sub), times=1)
    pipeline(world, "ads", line("a", "b"))
    run_of(world, "ads")
    await ended(world)


@scenario()
async def others_write_in_between(world: World) -> None:
    """409 where a version was demanded."""
    for plural, sub in (("pipelinejobs", "status"), ("pods", "")):
        conflict = failures.conflict(PODS, "x")
        world.faults.fail(about("PATCH", plural, sub), times=2, failure=conflict)
    world.apply(RUN, line("a", "b"))
    await ended(world)


@scenario()
async def the_server_is_busy_and_broken(world: World) -> None:
    """429 and 500."""
    world.faults.refuse(POST_JOB, times=2)
    world.faults.fail(about("PATCH", "pipelinejobs", "status"), times=2)
    world.apply(RUN, line("a", "b"))
    await ended(world)


@scenario(script={("a", 1): SLOW})
async def watches_break(world: World) -> None:
    """The log of changes is compacted: everything is listed again."""
    world.apply(RUN, line("a", "b"))
    await reached(world, "a", "Running")
    world.fake.compact()
    world.fake.drop_watches()
    await ended(world)


@scenario(script={("a", 1): SLOW})
async def a_namespace_is_deleted(world: World) -> None:
    """Nothing more is made there, until there is a new one of that name."""
    cause = {
        "reason": "NamespaceTerminating",
        "message": "namespace ns is being terminated",
        "field": "metadata.namespace",
    }
    refusal = Failure(403, "Forbidden", "because it is being terminated", causes=[cause])
    for name in ("one", "two"):
        world.apply(name, line("a", "b", "c", "d"))
    await reached(world, "a", "Running", run="two")
    world.faults.fail(lambda seen: seen.verb == "POST", times=1000, failure=refusal)
    await asyncio.sleep(25)
    for resource in (PODS, JOBS, PIPELINE_JOBS):
        for known in world.store.list(resource, NAMESPACE):
            if known.key in world.store.tables[resource].objects:
                world.store.delete(resource, *known.key, {"gracePeriodSeconds": 0})
        await asyncio.sleep(10)
    world.faults.clear()
    world.apply("one", line("a"))
    await ended(world, "one")


@scenario(script={("a", 1): HANGS, ("a", 2): HANGS})
async def a_namesake_is_made(world: World) -> None:
    """A run is deleted, and another one of its name is made at once."""
    world.apply(RUN, line("a", "b"))
    await reached(world, "a", "Running")
    world.store.delete(PIPELINE_JOBS, NAMESPACE, RUN)
    await world.until(lambda: not world.store.list(PIPELINE_JOBS, NAMESPACE))
    world.apply(RUN, line("b", "c"))
    await ended(world)


async def _killed_after(world: World, count: int) -> None:
    """The operator dies at one of its writes; another one comes two seconds later."""
    left = count

    async def die(seen: Seen) -> Verdict:
        nonlocal left
        if writes(seen) and seen.resource is not LEASES and seen.name != "":
            left -= 1
            if left == 0:
                world.faults.after.remove(die)
                await world.operators[-1].kill()
        return None

    world.faults.after.append(die)
    await world.until(lambda: left <= 0)
    await asyncio.sleep(2)
    world.run_out_lease()
    world.start_operator()


@scenario(script={("b", 1): SLOW})
async def an_operator_is_killed(world: World) -> None:
    """Another takes over 15 s later."""
    world.apply(RUN, fork())
    await reached(world, "b", "Running")
    await world.operators[-1].kill()
    world.start_operator()
    await ended(world)


@scenario()
async def operators_die_at_their_writes(world: World) -> None:
    """At the second and at the third write of an object that was there."""
    world.apply(RUN, line("a", "b", "c"))
    await _killed_after(world, 2)
    await _killed_after(world, 3)
    await ended(world)


@scenario(script={("b", 1): SLOW})
async def an_operator_is_replaced(world: World) -> None:
    """SIGTERM gives the Lease back; the other one stands by."""
    world.start_operator()
    world.apply(RUN, fork())
    await reached(world, "b", "Running")
    await world.operators[0].stop()
    await ended(world)


@scenario(script={("a", 1): SLOW})
async def a_revision_is_lost(world: World) -> None:
    """Somebody has deleted it, and the operator is another one since."""
    pipeline(world, "ads", line("a", "b"))
    run_of(world, "ads")
    await reached(world, "a", "Running")
    await world.operators[-1].stop()
    for revision in world.store.list(REVISIONS):
        world.store.delete(REVISIONS, *revision.key)
    world.start_operator()
    await asyncio.sleep(40)


@scenario()
async def a_revision_is_of_no_use_any_more(world: World) -> None:
    """Its run was deleted, its Pipeline has changed: the sweep finds it."""
    pipeline(world, "ads", line("a"))
    run_of(world, "ads")
    await ended(world)
    old, *_ = world.store.list(PIPELINES)
    await asyncio.sleep(620)
    world.store.delete(PIPELINE_JOBS, NAMESPACE, RUN)
    spec = {**old.data["spec"], "stages": line("a", "b")}
    world.store.update(PIPELINES, *old.key, lambda known: {**known, "spec": spec})
    run_of(world, "ads")
    await ended(world)
    await asyncio.sleep(600)


@scenario(script={("a", 1): HANGS})
async def a_pod_outlives_its_deletion(world: World) -> None:
    """Its node is away while it is to be ended."""
    world.apply(RUN, line("a", "b", timeoutSeconds=10, backoffSeconds=1))
    await reached(world, "a", "Running")
    world.simulator.set_ready("gpu-1", ready=False)
    await asyncio.sleep(90)
    world.simulator.set_ready("gpu-1", ready=True)
    await ended(world)


@scenario()
async def a_status_is_edited_by_hand(world: World) -> None:
    """It cannot be read; then it is emptied, and the spec changes."""
    world.apply(RUN, line("a"))
    await ended(world)
    world.store.patch(PIPELINE_JOBS, NAMESPACE, RUN, {"status": {"stages": [{"name": 7}]}})
    await asyncio.sleep(15)
    world.store.patch(PIPELINE_JOBS, NAMESPACE, RUN, {"status": None})
    change(world, priority=1)
    await ended(world)
