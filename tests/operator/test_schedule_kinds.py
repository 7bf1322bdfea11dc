"""Schedules of batches and of built-in tasks, with the whole operator."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

from stagework.settings import Settings
from tests.support.batches.scene import Items, Scene
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import (
    BATCHES,
    CONFIG_MAPS,
    JOBS,
    PIPELINE_JOBS,
    SCHEDULED_JOBS,
    Json,
    part,
)
from tests.support.fakeapi.store import Change
from tests.support.operators.setup import NAMESPACE, RELEASE_NAMESPACE, settings_document
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

BEGAN: Final = datetime(2026, 3, 1, 0, 0, 30, tzinfo=UTC)
FIVE: Final = {"cron": "*/5 * * * *"}


def apply(world: World, namespace: str, template: Json, **spec: Any) -> None:
    whole = {"schedule": FIVE, "template": template, **spec}
    world.store.create(SCHEDULED_JOBS, namespace, {"metadata": {"name": "nightly"}, "spec": whole})


def status(world: World, namespace: str) -> Json:
    return part(world.store.get(SCHEDULED_JOBS, namespace, "nightly").data, "status")


def stats(world: World, namespace: str) -> Json:
    return part(status(world, namespace), "stats")


def in_world(
    check: Callable[[World], Awaitable[None]],
    behave: Callable[[Json], Behaviour],
    of: Settings | None = None,
    **given: Any,
) -> None:
    async def main() -> None:
        async with World(timescale, behave=behave, machines=2, of=of) as world:
            world.start_operator(**given)
            await check(world)

    timescale = VirtualTime(BEGAN)
    timescale.run(main())


def lasting(seconds: float) -> Callable[[Json], Behaviour]:
    def behave(_: Json) -> Behaviour:
        return Behaviour(seconds=seconds)

    return behave


def tasks_of(world: World) -> list[Json]:
    return [job.data for job in world.store.list(JOBS)]


def test_a_task_runs_at_each_slot_and_is_counted_and_kept_by_the_history_limits() -> None:
    seen: list[str] = []

    def behave(pod: Json) -> Behaviour:
        seen.append(pod["spec"]["serviceAccountName"])
        return Behaviour(seconds=20, exit_code=1 if len(seen) == 2 else 0)

    async def check(world: World) -> None:
        data = {"name": "health_check", "jobData": {"leaseSeconds": 30}}
        apply(world, RELEASE_NAMESPACE, {"task": data}, successfulJobsHistoryLimit=1)

        def counted() -> bool:
            return stats(world, RELEASE_NAMESPACE).get("totalExecutions") == 4

        await world.until(counted, seconds=2000)
        await world.until(lambda: status(world, RELEASE_NAMESPACE)["active"] == 0, seconds=200)
        await world.until(lambda: len(tasks_of(world)) == 2, seconds=200)
        numbers = stats(world, RELEASE_NAMESPACE)
        assert (numbers["successfulExecutions"], numbers["failedExecutions"]) == (3, 1)
        assert 20 <= numbers["averageExecutionSeconds"] <= 25
        assert set(seen) == {"stagework-task-health-check"}

    in_world(check, behave)


def test_a_task_outside_of_the_releases_namespace_makes_no_job() -> None:
    async def check(world: World) -> None:
        apply(world, NAMESPACE, {"task": {"name": "data_cleanup"}})
        await world.until(lambda: status(world, NAMESPACE).get("summary") == "InvalidSpec")
        await asyncio.sleep(600)
        assert tasks_of(world) == []

    in_world(check, lasting(1))


def test_an_operator_that_dies_runs_no_task_twice() -> None:
    async def check(world: World) -> None:
        apply(world, RELEASE_NAMESPACE, {"task": {"name": "health_check"}})
        await world.until(lambda: len(tasks_of(world)) == 1, seconds=400)
        await world.operators[-1].kill()
        world.run_out_lease()
        world.start_operator()

        def ended() -> bool:
            return stats(world, RELEASE_NAMESPACE).get("successfulExecutions") == 1

        await world.until(ended, seconds=200)
        assert len(tasks_of(world)) == 1
        assert stats(world, RELEASE_NAMESPACE)["totalExecutions"] == 1

    in_world(check, lasting(60))


def test_a_batch_is_made_at_each_slot_and_counted_and_its_runs_know_the_slot() -> None:
    scene = Scene(Items(20))
    spec = {"pipelineRef": {"name": "plain"}, "items": {"inline": scene.items.inline()}}
    slots: set[str] = set()

    def note(change: Change) -> None:
        if change.resource is PIPELINE_JOBS and change.new is not None:
            slots.add(change.new.data["spec"].get("slotTime", ""))

    async def check(world: World) -> None:
        scene.begin(world, suspend=True)
        world.store.listeners.append(note)
        apply(world, NAMESPACE, {"batch": spec})

        def counted() -> bool:
            return stats(world, NAMESPACE).get("successfulExecutions") == 1

        await world.until(counted, seconds=900)
        (ended,) = status(world, NAMESPACE)["endedRuns"]
        assert (ended["name"], ended["kind"]) == ("nightly-20260301t000500", "Batch")
        batch = world.store.get(BATCHES, NAMESPACE, ended["name"])
        assert batch.meta["ownerReferences"][0]["kind"] == "ScheduledJob"
        assert batch.data["spec"]["slotTime"] == "2026-03-01T00:05:00+00:00"
        assert slots == {"2026-03-01T00:05:00+00:00"}

    in_world(check, scene.behave, book=scene.book)


def with_tasks(**schedules: Json) -> Settings:
    return Settings.model_validate({**settings_document(), "tasks": {"schedules": schedules}})


def test_the_schedules_of_the_settings_are_there_and_stay_as_they_are_wanted() -> None:
    name = "stagework-task-backup"

    def spec(world: World) -> Json:
        return world.store.get(SCHEDULED_JOBS, RELEASE_NAMESPACE, name).data["spec"]

    def names(world: World) -> list[str]:
        return [stored.meta["name"] for stored in world.store.list(SCHEDULED_JOBS)]

    async def check(world: World) -> None:
        settings = {"metadata": {"name": "stagework-settings"}}
        world.store.create(CONFIG_MAPS, RELEASE_NAMESPACE, settings)
        template = {"task": {"name": "health_check"}}
        meta = {"name": "stagework-task-health-check"}
        body = {"metadata": meta, "spec": {"schedule": FIVE, "template": template}}
        world.store.create(SCHEDULED_JOBS, RELEASE_NAMESPACE, body)
        await world.until(lambda: names(world) == [name], seconds=200)
        (owner,) = world.store.get(SCHEDULED_JOBS, RELEASE_NAMESPACE, name).meta["ownerReferences"]
        assert (owner["kind"], owner["name"]) == ("ConfigMap", "stagework-settings")
        assert spec(world)["schedule"] == {"cron": "0 3 * * 0"}
        assert spec(world)["template"] == {"task": {"name": "backup", "jobData": {"keep": 2}}}

        change = {"suspend": True, "schedule": {"cron": None, "intervalSeconds": 5}}
        world.store.patch(SCHEDULED_JOBS, RELEASE_NAMESPACE, name, {"spec": change})
        await world.until(lambda: spec(world)["schedule"] == {"cron": "0 3 * * 0"}, seconds=200)
        assert spec(world)["suspend"] is True, "that is for people to say"

    backup = {"cron": "0 3 * * 0", "jobData": {"keep": 2}}
    in_world(check, lasting(1), with_tasks(backup=backup))
