"""ScheduledJobs with the whole operator: slots get their runs, once, whatever happens."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

from tests.support.fakeapi.failures import forbidden
from tests.support.fakeapi.faults import Seen, Verdict, about
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import (
    EVENTS,
    INTERVENTIONS,
    PIPELINE_JOBS,
    SCHEDULED_JOBS,
    Json,
    items,
    part,
)
from tests.support.operators.setup import NAMESPACE
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

BEGAN: Final = datetime(2026, 3, 1, 0, 0, 30, tzinfo=UTC)
STAGE: Final[Json] = {"name": "a", "image": "x", "runsOn": ["gpu"], "contract": "Mark"}


def in_world(check: Callable[[World], Awaitable[None]], seconds: float = 5.0) -> None:
    async def main() -> None:
        async with World(timescale, behave=lambda _: Behaviour(seconds=seconds)) as world:
            world.start_operator()
            await check(world)

    timescale = VirtualTime(BEGAN)
    timescale.run(main())


def apply(world: World, when: Json, name: str = "nightly", **spec: Any) -> None:
    template = {"pipelineJob": {"stages": [STAGE]}}
    body = {"metadata": {"name": name}, "spec": {"schedule": when, "template": template, **spec}}
    world.store.create(SCHEDULED_JOBS, NAMESPACE, body)


def change(world: World, **spec: Any) -> None:
    world.store.patch(SCHEDULED_JOBS, NAMESPACE, "nightly", {"spec": spec})


def ask(world: World, verb: str, name: str = "asked") -> None:
    spec = {"target": {"kind": "ScheduledJob", "name": "nightly"}, "verb": verb}
    world.store.create(INTERVENTIONS, NAMESPACE, {"metadata": {"name": name}, "spec": spec})


def answer(world: World, name: str = "asked") -> Json:
    return part(world.store.get(INTERVENTIONS, NAMESPACE, name).data, "status")


def status(world: World, name: str = "nightly") -> Json:
    return part(world.store.get(SCHEDULED_JOBS, NAMESPACE, name).data, "status")


def stats(world: World) -> Json:
    return part(status(world), "stats")


def runs(world: World) -> list[str]:
    return sorted(stored.meta["name"] for stored in world.store.list(PIPELINE_JOBS))


def events(world: World, reason: str) -> list[str]:
    found = world.store.list(EVENTS)
    return [event.data["message"] for event in found if event.data["reason"] == reason]


def test_each_slot_gets_its_run_and_is_counted() -> None:
    async def check(world: World) -> None:
        apply(world, {"cron": "*/5 * * * *"})
        await world.until(lambda: status(world).get("summary") == "Scheduled")
        assert status(world)["nextRunTimes"][0] == "2026-03-01T00:05:00+00:00"
        assert status(world)["next"] == "2026-03-01 00:05:00"
        assert status(world)["description"] == "Every fifth minute of every hour"

        await world.until(lambda: stats(world).get("successfulExecutions") == 3, seconds=1000)

        assert runs(world) == [f"nightly-20260301t00{minute}00" for minute in ("05", "10", "15")]
        assert stats(world)["totalExecutions"] == 3
        assert 5 <= stats(world)["averageExecutionSeconds"] <= 8
        assert status(world)["active"] == 0
        late = world.operators[-1].runtime.registry.get_sample_value
        assert late("stagework_schedule_lag_seconds_count") == 3
        assert late("stagework_schedule_lag_seconds_bucket", {"le": "5.0"}) == 3
        assert status(world)["lastScheduleTime"] == "2026-03-01T00:15:00Z"

    in_world(check)


def test_an_interval_a_date_and_an_end() -> None:
    async def check(world: World) -> None:
        apply(world, {"intervalSeconds": 30}, "often", endTime="2026-03-01T00:02:10Z")
        apply(world, {"at": "2026-03-01T09:01:30"}, "once", timeZone="Asia/Seoul")
        apply(world, {"at": "2026-03-01T00:00:20Z"}, "passed")
        await world.until(lambda: status(world, "passed").get("summary") == "Finished")
        assert "had passed" in status(world, "passed")["message"]
        await world.until(lambda: status(world, "once").get("summary") == "Finished", seconds=200)
        await world.until(lambda: status(world, "often").get("summary") == "Finished", seconds=200)
        await world.until(
            lambda: part(status(world, "often"), "stats").get("successfulExecutions") == 3,
            seconds=200,
        )
        assert runs(world) == [
            *(f"often-20260301t000{time}" for time in ("100", "130", "200")),
            "once-20260301t000130",
        ]

    in_world(check)


def test_a_stage_knows_its_slot_and_the_run_has_it_as_a_param() -> None:
    seen: list[Json] = []

    def behave(pod: Json) -> Behaviour:
        seen.append(pod)
        return Behaviour(seconds=1)

    async def main() -> None:
        async with World(timescale, behave=behave) as world:
            world.start_operator()
            template = {"pipelineJob": {"stages": [STAGE]}, "slotTimeParam": "night"}
            apply(world, {"cron": "5 9 * * *"}, timeZone="Asia/Seoul", template=template)
            await world.until(lambda: stats(world).get("successfulExecutions") == 1, seconds=600)
            (run,) = world.store.list(PIPELINE_JOBS)
            assert run.data["spec"]["slotTime"] == "2026-03-01T09:05:00+09:00"
            assert run.data["spec"]["params"] == {"night": "2026-03-01T09:05:00+09:00"}
            assert run.meta["labels"]["stagework.dev/scheduledjob"] == "nightly"

    timescale = VirtualTime(BEGAN)
    timescale.run(main())
    (container,) = seen[0]["spec"]["containers"]
    given = {variable["name"]: variable.get("value") for variable in items(container, "env")}
    assert given["STAGEWORK_SLOT_TIME"] == "2026-03-01T09:05:00+09:00"


def test_a_slow_job_and_one_instance_skip_slots() -> None:
    async def check(world: World) -> None:
        apply(world, {"intervalSeconds": 10})
        await world.until(lambda: stats(world).get("successfulExecutions") == 2, seconds=300)
        assert stats(world)["skipped"] >= 4
        assert not world.invariants.overlaps()
        assert "still at work" in events(world, "SlotsSkipped")[0]

    in_world(check, seconds=35)


def test_slots_wait_for_room_in_their_order() -> None:
    async def check(world: World) -> None:
        apply(
            *(world, {"intervalSeconds": 10}),
            onOverlap="Queue",
            endTime="2026-03-01T00:01:15Z",
            successfulJobsHistoryLimit=10,
        )
        await world.until(lambda: len(status(world).get("queuedRuns", ())) >= 2, seconds=100)
        assert "waiting for room" in status(world)["message"]
        await world.until(lambda: status(world).get("summary") == "Finished", seconds=400)
        await world.until(lambda: stats(world).get("successfulExecutions") == 4, seconds=400)
        assert stats(world).get("skipped", 0) == 0
        assert len(runs(world)) == 4

    in_world(check, seconds=35)


def test_a_new_run_replaces_the_old_one() -> None:
    async def check(world: World) -> None:
        apply(world, {"intervalSeconds": 60}, onOverlap="Replace", endTime="2026-03-01T00:02:45Z")
        await world.until(lambda: status(world).get("summary") == "Finished", seconds=300)
        await world.until(lambda: stats(world).get("totalExecutions") == 2, seconds=60)
        assert stats(world)["failedExecutions"] == 1
        assert runs(world) == ["nightly-20260301t000230"]

    in_world(check, seconds=1000)


def test_a_template_that_is_refused_ends_no_run_that_it_would_replace() -> None:
    async def refuse(seen: Seen) -> Verdict:
        return forbidden(seen.right, seen.name) if about("POST", "pipelinejobs")(seen) else None

    async def check(world: World) -> None:
        apply(world, {"intervalSeconds": 60}, onOverlap="Replace")
        await world.until(lambda: stats(world).get("totalExecutions") == 1, seconds=100)
        world.faults.before.append(refuse)
        await world.until(lambda: status(world).get("summary") == "RunRefused", seconds=100)
        assert "cannot create" in status(world)["message"]
        await asyncio.sleep(120)
        assert runs(world) == ["nightly-20260301t000130"]
        world.faults.before.remove(refuse)
        await world.until(lambda: stats(world).get("failedExecutions", 0) >= 1, seconds=200)

    in_world(check, seconds=100_000)


def test_a_person_runs_it_now_and_lets_a_slot_pass() -> None:
    async def check(world: World) -> None:
        apply(world, {"cron": "*/5 * * * *"})
        ask(world, "RunNow")
        await world.until(lambda: answer(world).get("summary") == "Done", seconds=10)
        await world.until(lambda: stats(world).get("successfulExecutions") == 1, seconds=60)
        ask(world, "SkipNext", "skip")
        await world.until(lambda: answer(world, "skip").get("summary") == "Done", seconds=10)
        assert status(world)["nextRunTimes"][0] == "2026-03-01T00:10:00+00:00"
        await world.until(lambda: stats(world).get("successfulExecutions") == 2, seconds=900)
        now, slot = sorted(runs(world), reverse=True)
        assert (now.startswith("nightly-now-"), slot) == (True, "nightly-20260301t001000")
        assert stats(world)["skipped"] == 1
        owner = world.store.get(INTERVENTIONS, NAMESPACE, "skip").meta["ownerReferences"][0]
        assert owner["kind"] == "ScheduledJob"

    in_world(check)


def test_there_is_room_for_so_many_also_for_a_person() -> None:
    async def check(world: World) -> None:
        apply(world, {"cron": "0 3 * * *"})
        ask(world, "RunNow", "first")
        ask(world, "RunNow", "second")
        await world.until(lambda: answer(world, "second").get("summary") == "Refused", seconds=10)
        assert answer(world, "second")["refused"][0]["reason"] == "MaxInstancesReached"
        ask(world, "Stop", "third")
        await world.until(lambda: answer(world, "third").get("summary") == "Refused", seconds=10)

    in_world(check, seconds=60)


def test_paused_it_runs_nothing_and_nothing_later_for_that_time() -> None:
    async def check(world: World) -> None:
        apply(world, {"intervalSeconds": 60})
        await world.until(lambda: stats(world).get("totalExecutions") == 1, seconds=100)
        change(world, suspend=True)
        await world.until(lambda: status(world).get("summary") == "Suspended", seconds=5)
        assert "nextScheduleTime" not in status(world)
        (ready,) = (c for c in status(world)["conditions"] if c["type"] == "Ready")
        assert ready["status"] == "True"
        await asyncio.sleep(600)
        change(world, suspend=False)
        await world.until(lambda: stats(world).get("totalExecutions") == 2, seconds=70)
        assert stats(world).get("skipped", 0) == 0

    in_world(check)


def test_what_waited_for_room_when_it_was_paused_is_skipped_and_said() -> None:
    async def check(world: World) -> None:
        apply(world, {"intervalSeconds": 60}, onOverlap="Queue")
        await world.until(lambda: len(status(world).get("queuedRuns", ())) == 2, seconds=300)
        change(world, suspend=True)
        await world.until(lambda: stats(world).get("skipped") == 2, seconds=20)
        assert "queuedRuns" not in status(world) or not status(world)["queuedRuns"]
        (said,) = events(world, "SlotsSkipped")
        assert said.startswith("2 slots get no run: the schedule was suspended")
        assert "(nightly-20260301t000230, nightly-20260301t000330)" in said
        change(world, suspend=False)
        await world.until(lambda: stats(world).get("totalExecutions") == 2, seconds=2000)
        first, then = runs(world)
        assert (first, then > "nightly-20260301t000400") == ("nightly-20260301t000130", True)

    in_world(check, seconds=200)


def test_a_changed_schedule_never_runs_for_the_past() -> None:
    async def check(world: World) -> None:
        apply(world, {"cron": "0 3 * * *"})
        await world.until(lambda: status(world).get("summary") == "Scheduled")
        await asyncio.sleep(1800)
        change(world, schedule={"cron": "*/10 * * * *"})
        await asyncio.sleep(100)
        assert runs(world) == []
        await world.until(lambda: len(runs(world)) == 1, seconds=610)
        assert runs(world) == ["nightly-20260301t004000"]

    in_world(check)


def test_what_can_have_no_slots_says_so_and_heals() -> None:
    async def check(world: World) -> None:
        apply(world, {"cron": "0 0 31 2 *"})
        await world.until(lambda: status(world).get("summary") == "InvalidSpec", seconds=5)
        stalled = [c for c in status(world)["conditions"] if c["type"] == "Stalled"]
        assert stalled[0]["status"] == "True"
        assert "never comes" in stalled[0]["message"]
        await world.until(lambda: events(world, "InvalidSpec") != [], seconds=5)
        change(world, schedule={"cron": "*/5 * * * *"})
        await world.until(lambda: len(runs(world)) == 1, seconds=400)

    in_world(check)


def test_only_so_many_that_have_ended_are_kept() -> None:
    async def check(world: World) -> None:
        apply(world, {"intervalSeconds": 20}, successfulJobsHistoryLimit=2)
        await world.until(lambda: stats(world).get("successfulExecutions") == 5, seconds=300)
        await world.until(lambda: len(runs(world)) == 2, seconds=10)
        assert stats(world)["totalExecutions"] == 5

    in_world(check)


def test_what_history_does_not_have_yet_stays_an_hour_at_most() -> None:
    async def check(world: World) -> None:
        world.facts.history.away = True
        apply(world, {"intervalSeconds": 900}, successfulJobsHistoryLimit=1)
        await world.until(lambda: stats(world).get("successfulExecutions") == 3, seconds=3000)
        await asyncio.sleep(120)
        assert len(runs(world)) == 3
        world.facts.history.away = False
        await world.until(lambda: len(runs(world)) == 1, seconds=200)
        world.facts.history.away = True
        await world.until(lambda: events(world, "HistoryMissed") != [], seconds=9000)
        assert "60 min" in events(world, "HistoryMissed")[0]

    in_world(check)


def test_a_run_that_somebody_deletes_has_failed_and_frees_its_place() -> None:
    async def check(world: World) -> None:
        apply(world, {"intervalSeconds": 30})
        await world.until(lambda: len(runs(world)) == 1, seconds=100)
        world.store.delete(PIPELINE_JOBS, NAMESPACE, runs(world)[0])
        await world.until(lambda: stats(world).get("failedExecutions") == 1, seconds=100)
        await world.until(lambda: stats(world).get("totalExecutions") == 2, seconds=60)

    in_world(check, seconds=500)


def test_a_cache_that_is_behind_loses_no_run() -> None:
    """The next operator's first list of runs is from before this one was made."""

    async def check(world: World) -> None:
        apply(world, {"cron": "*/5 * * * *"}, maxInstances=2)
        world.fake.freeze_lists(PIPELINE_JOBS)
        await world.until(lambda: stats(world).get("totalExecutions") == 1, seconds=400)
        await world.operators[-1].kill()
        world.run_out_lease()
        world.faults.flow.clear()  # no watch makes up for it
        world.start_operator()
        await world.until(lambda: stats(world).get("totalExecutions") == 2, seconds=400)
        assert stats(world).get("failedExecutions", 0) == 0
        assert status(world)["active"] == 2

    in_world(check, seconds=1000)


def test_a_name_that_is_taken_gets_no_second_run() -> None:
    async def check(world: World) -> None:
        name = "nightly-20260301t000500"
        body = {"metadata": {"name": name}, "spec": {"stages": [STAGE]}}
        world.store.create(PIPELINE_JOBS, NAMESPACE, body)
        apply(world, {"cron": "*/5 * * * *"})
        await world.until(lambda: stats(world).get("skipped") == 1, seconds=400)
        await world.until(lambda: stats(world).get("successfulExecutions") == 1, seconds=400)
        assert runs(world) == [name, "nightly-20260301t001000"]
        assert name in events(world, "SlotTaken")[0]

    in_world(check)
