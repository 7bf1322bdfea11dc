"""Attempts that fail, that are ended from outside, and that cannot be done now."""

import asyncio

from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import JOBS, PODS
from tests.support.operators.world import World
from tests.surface.driving import (
    EVERY,
    FAILS,
    HANGS,
    RUN,
    children,
    ended,
    fork,
    line,
    marked,
    reached,
    remove,
    scenario,
    vanish,
    waits_for,
)

SLOW = Behaviour(seconds=20)


@scenario(script={("b", 1): FAILS, ("b", 2): FAILS})
async def retries_after_failures(world: World) -> None:
    """The back-off doubles."""
    world.apply(RUN, line("a", "b", "c", backoffSeconds=4))
    await ended(world)


@scenario(script={("b", EVERY): FAILS})
async def all_attempts_fail(world: World) -> None:
    """One branch of a fork fails for good; what follows is not run."""
    world.apply(RUN, fork(retries=1, backoffSeconds=1))
    await ended(world)


@scenario(script={("a", EVERY): FAILS})
async def a_failing_image_by_exit_code(world: World) -> None:
    """Without the contract of marks."""
    world.apply(RUN, line("a", contract="ExitCode", retries=1, backoffSeconds=1))
    await ended(world)


@scenario(
    script={
        ("a", 1): marked("Failed", 1, reason="NoFont", message="no font"),
        ("a", 2): marked("Refused", 2, reason="NotAPicture", message="no picture"),
    }
)
async def an_input_is_refused(world: World) -> None:
    """A failure by mark, then a refusal: no further attempt."""
    world.apply(RUN, line("a", "b", backoffSeconds=1))
    await ended(world)


@scenario(
    script={
        ("b", 1): marked("Skipped", reason="NoAudio", message="nothing to hear"),
        ("a", 1): marked("Succeeded", counts={"items": 7, "failed": 2}),
    }
)
async def a_stage_skips_itself(world: World) -> None:
    """It counts as done; the one before it has counted its items."""
    world.apply(RUN, line("a", "b", "c"))
    await ended(world)


@scenario(
    script={
        ("a", 1): Behaviour(seconds=1, message=""),
        ("a", 2): Behaviour(seconds=1, message="done!"),
        ("a", 3): Behaviour(seconds=1, message='{"v": 1, "stage": "b"}'),
    }
)
async def marks_missing_and_bad(world: World) -> None:
    """None, no JSON, another stage's."""
    world.apply(RUN, line("a", backoffSeconds=1))
    await ended(world)


@scenario(script={("a", EVERY): Behaviour(seconds=1, exit_code=137, reason="OOMKilled")})
async def out_of_memory(world: World) -> None:
    """The kubelet's reason is told."""
    world.apply(RUN, line("a", retries=1, backoffSeconds=1))
    await ended(world)


@scenario(script={("a", 1): HANGS})
async def a_timeout(world: World) -> None:
    """The verdict is stored, the Pod is ended, the next attempt follows."""
    world.apply(RUN, line("a", "b", timeoutSeconds=30, backoffSeconds=1))
    await ended(world)


@scenario(script={("a", EVERY): Behaviour(waiting="ImagePullBackOff")})
async def an_image_that_cannot_be_pulled(world: World) -> None:
    """The start deadline ends it."""
    world.apply(RUN, line("a", startDeadlineSeconds=20, retries=1, backoffSeconds=1))
    await ended(world)


_AWAY = marked("Deferred", 3, reason="EndpointUnavailable", message="no answer in 6 tries")


@scenario(script={("a", 1): _AWAY, ("a", 2): _AWAY})
async def deferred_twice(world: World) -> None:
    """It waits for a model endpoint, without using up an attempt."""
    world.apply(RUN, line("a", retries=0))
    await ended(world)


@scenario(script={("a", 1): SLOW})
async def an_eviction(world: World) -> None:
    """A drain: the disruption condition, then the deletion."""
    world.apply(RUN, line("a", "b", retries=0))
    await reached(world, "a", "Running")
    world.simulator.evict(*children(world, PODS, "a")[0].key)
    await ended(world)


@scenario(script={("a", 1): SLOW})
async def a_pod_deleted_by_hand(world: World) -> None:
    """It ends by SIGTERM, without a mark."""
    world.apply(RUN, line("a", retries=0))
    await reached(world, "a", "Running")
    remove(world, "a", PODS)
    await ended(world)


@scenario(script={("a", EVERY): SLOW})
async def interrupted_too_often(world: World) -> None:
    """Eleven times."""
    world.apply(RUN, line("a"))
    while world.summary(RUN) != "StageFailed":
        if world.stage(RUN, "a").get("state") == "Running":
            remove(world, "a", PODS)
        await asyncio.sleep(1)


@scenario(script={("a", 1): SLOW})
async def vanished_with_its_result(world: World) -> None:
    """Nobody saw it end, and nothing is left of it but its result."""
    world.apply(RUN, line("a", "b"))
    await reached(world, "a", "Running")
    await world.operators[-1].kill()
    await asyncio.sleep(25)
    vanish(world, "a")
    world.run_out_lease()
    world.start_operator()
    await ended(world)


@scenario(script={("a", 1): SLOW})
async def vanished_without_a_result(world: World) -> None:
    """The result is asked for twice, then a new attempt is made."""
    world.apply(RUN, line("a", "b", retries=0))
    await reached(world, "a", "Running")
    vanish(world, "a")
    await ended(world)


@scenario(script={("a", 1): SLOW})
async def the_api_service_is_away(world: World) -> None:
    """Without an answer about the result nothing is decided."""
    world.results.reachable = False
    world.apply(RUN, line("a", retries=0))
    await reached(world, "a", "Running")
    vanish(world, "a")
    await asyncio.sleep(60)
    world.results.reachable = True
    await ended(world)


@scenario(script={("a", 1): SLOW})
async def a_held_job_is_deleted(world: World) -> None:
    """It is made anew, under another name."""
    world.apply(RUN, line("a", "b", "c"))
    await reached(world, "a", "Running")
    await world.until(lambda: bool(children(world, PODS, "b")))
    remove(world, "b", JOBS)
    await ended(world)


@scenario(script={("a", 1): SLOW})
async def a_held_pod_is_deleted(world: World) -> None:
    """Its Job fails before its turn."""
    world.apply(RUN, line("a", "b", "c"))
    await reached(world, "a", "Running")
    await world.until(lambda: bool(children(world, PODS, "b")))
    remove(world, "b", PODS)
    await ended(world)


@scenario(script={("a", 1): SLOW})
async def a_running_job_is_deleted(world: World) -> None:
    """With its Pod."""
    world.apply(RUN, line("a", retries=0))
    await reached(world, "a", "Running")
    remove(world, "a", JOBS)
    await ended(world)


@scenario(script={("a", EVERY): FAILS})
async def a_back_off_is_cut_short(world: World) -> None:
    """A person does not want to wait for it."""
    world.apply(RUN, line("a", retries=2, backoffSeconds=300))
    await waits_for(world, "a", "BackOff")
    world.ask("now", "Retry", "a", of=RUN)
    await asyncio.sleep(10)
    world.ask("never-mind", "Skip", "a", of=RUN)
    await ended(world)
