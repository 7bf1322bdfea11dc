"""What people do with runs: suspend, delete, retry, skip."""

import asyncio

from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import JOBS, PIPELINE_JOBS
from tests.support.operators.setup import NAMESPACE, settings_document
from tests.support.operators.world import World
from tests.surface.driving import (
    EVERY,
    FAILS,
    HANGS,
    RUN,
    answered,
    change,
    ended,
    fork,
    line,
    reached,
    scenario,
)

SLOW = Behaviour(seconds=20)
B_FAILS = {("b", 1): FAILS}


def gone(world: World) -> bool:
    """No run is left."""
    return not world.store.list(PIPELINE_JOBS, NAMESPACE)


@scenario(script={("a", 1): SLOW})
async def suspended_and_resumed(world: World) -> None:
    """What runs goes on, nothing new starts."""
    world.apply(RUN, line("a", "b", "c"))
    await reached(world, "a", "Running")
    change(world, suspend=True)
    await asyncio.sleep(40)
    change(world, suspend=False)
    await ended(world)


@scenario()
async def suspended_from_the_start(world: World) -> None:
    """Then deleted."""
    world.apply(RUN, line("a"), suspend=True)
    await asyncio.sleep(20)
    world.store.delete(PIPELINE_JOBS, NAMESPACE, RUN)
    await world.until(lambda: gone(world))


@scenario(script={("a", 1): HANGS}, settings=settings_document(slots=1))
async def deleted_in_the_middle(world: World) -> None:
    """Its slot goes to the next run."""
    world.apply(RUN, line("a", "b"))
    await reached(world, "a", "Running")
    world.apply("next", line("b"))
    await asyncio.sleep(5)
    world.store.delete(PIPELINE_JOBS, NAMESPACE, RUN)
    await ended(world, "next")


@scenario()
async def a_time_to_live(world: World) -> None:
    """The run goes by itself, with its Interventions."""
    world.apply(RUN, line("a"), ttlSecondsAfterFinished=30)
    world.ask("useless", "Skip", "a", of=RUN)
    await world.until(lambda: gone(world), seconds=120)


@scenario(settings=settings_document(keepJobsSeconds=10))
async def jobs_go_before_their_run(world: World) -> None:
    """After their own time."""
    world.apply(RUN, fork())
    await ended(world)
    await world.until(lambda: not world.store.list(JOBS, NAMESPACE))


@scenario(script=B_FAILS)
async def a_retry_after_the_end(world: World) -> None:
    """Of whatever has failed, without naming it."""
    world.apply(RUN, line("a", "b", "c", retries=0))
    await ended(world)
    world.ask("again", "Retry", of=RUN, reason="font was missing", requestedBy="ops@example.org")
    await answered(world, "again")
    await ended(world)


@scenario(script=B_FAILS, settings=settings_document(keepJobsSeconds=5))
async def a_retry_of_what_left_memory(world: World) -> None:
    """The run is loaded again, twice: its priority is changed before."""
    world.apply(RUN, line("a", "b", retries=0))
    await ended(world)
    await asyncio.sleep(30)
    change(world, priority=7)
    await asyncio.sleep(30)
    world.ask("again", "Retry", "b", of=RUN)
    await answered(world, "again")
    await ended(world)


@scenario(script={("c", 1): SLOW})
async def a_retry_in_the_middle(world: World) -> None:
    """Of a stage that has succeeded: what runs below it is ended first."""
    world.apply(RUN, line("a", "b", "c"))
    await reached(world, "c", "Running")
    world.ask("again", "Retry", "a", of=RUN, attempt=1)
    await answered(world, "again")
    await ended(world)


@scenario(script={("b", 1): FAILS, ("c", 1): SLOW})
async def a_retry_beside_other_work(world: World) -> None:
    """One branch has failed while the other still runs."""
    world.apply(RUN, fork(retries=0))
    await reached(world, "b", "Failed")
    world.ask("again", "Retry", "b", of=RUN)
    await ended(world)


@scenario(script={("a", 1): SLOW})
async def a_skip_of_what_waits(world: World) -> None:
    """Its descendants run all the same."""
    world.apply(RUN, line("a", "b", "c"))
    await reached(world, "a", "Running")
    world.ask("skip", "Skip", "b", of=RUN, descendants="Run")
    await answered(world, "skip")
    await ended(world)


@scenario(script={("a", 1): HANGS})
async def a_skip_of_what_runs(world: World) -> None:
    """Its Pod is ended, what follows is not run."""
    world.apply(RUN, line("a", "b"))
    await reached(world, "a", "Running")
    world.ask("skip", "Skip", "a", of=RUN)
    await answered(world, "skip")
    await ended(world)


@scenario(script={("b", EVERY): FAILS})
async def skips_after_the_end(world: World) -> None:
    """First alone, then a Retry, then with the descendants."""
    world.apply(RUN, line("a", "b", "c", retries=0))
    await ended(world)
    world.ask("skip", "Skip", "b", of=RUN)
    await world.until(lambda: world.summary(RUN) == "CompletedWithSkips")
    world.ask("again", "Retry", "b", of=RUN)
    await world.until(lambda: world.summary(RUN) == "StageFailed")
    world.ask("skip-it", "Skip", "b", of=RUN, descendants="Run")
    await world.until(lambda: world.stage(RUN, "c").get("state") == "Succeeded")


@scenario(script={("b", 1): SLOW})
async def requests_that_are_refused(world: World) -> None:
    """Unknown, still active, waits for others, done already, of an old attempt, not named."""
    world.apply(RUN, line("a", "b", "c"))
    await reached(world, "b", "Running")
    world.ask("several", "Retry", "nope", "b", "c", of=RUN)
    world.ask("done", "Skip", "a", of=RUN)
    world.ask("old", "Retry", "b", of=RUN, attempt=7)
    world.ask("unnamed", "Skip", of=RUN)
    world.ask("nothing", "Retry", of=RUN)
    await answered(world, "several", "done", "old", "unnamed", "nothing")
    await ended(world)


@scenario()
async def requests_that_miss_their_target(world: World) -> None:
    """A run that is not there, another run of that name, one that was refused."""
    world.apply(RUN, line("a"))
    world.apply("bad", line("a", runsOn=["mainframe"]))
    await ended(world, RUN, "bad")
    target = {"kind": "PipelineJob", "name": RUN, "uid": "0c6ac7a5-3b87-4e9e-9f5b-2f6a5f0f1a11"}
    world.ask("nobody", "Retry", of="absent")
    world.ask("replaced", "Retry", "a", of=RUN, target=target)
    world.ask("refused", "Retry", "a", of="bad")
    world.ask("unreadable", "Explode", "a", of=RUN)
    await answered(world, "nobody", "replaced", "refused")


@scenario(script={("b", EVERY): FAILS})
async def many_requests(world: World) -> None:
    """Only the last twenty are kept in the run's status."""
    world.apply(RUN, line("a", "b", retries=0))
    await ended(world)
    for number in range(22):
        world.ask(f"ask-{number:02}", "Skip", "a", of=RUN)
        await asyncio.sleep(1)
    await answered(world, "ask-21")
