"""What runs did is told to history: exactly, without anybody waiting, and again after a restart."""

from collections.abc import Awaitable, Callable

from stagework.api.facts import AttemptFact, InterventionFact, RunFact
from stagework.settings import HistorySettings
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import EVENTS, PIPELINE_JOBS, Json
from tests.support.operators.setup import NAMESPACE, settings
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World


def stage(name: str = "only", **fields: object) -> Json:
    return {"name": name, "image": "x", "runsOn": ["gpu"], "backoffSeconds": 0, **fields}


def in_world(
    check: Callable[[World], Awaitable[None]],
    behave: Callable[[Json], Behaviour] = lambda _: Behaviour(seconds=2),
    slots: int = 4,
    spool_facts: int = 1000,
) -> None:
    history = HistorySettings().model_copy(update={"spoolFacts": spool_facts})
    of = settings(slots=slots).model_copy(update={"history": history})

    async def main() -> None:
        async with World(timescale, behave=behave, of=of) as world:
            world.start_operator()
            await check(world)

    timescale = VirtualTime()
    timescale.run(main())


def told_run(world: World, name: str) -> RunFact | None:
    runs = [f for f in world.facts.history.facts.values() if isinstance(f, RunFact)]
    return next((run for run in runs if run.name == name), None)


def told_attempts(world: World, name: str) -> list[AttemptFact]:
    run = told_run(world, name)
    facts = [f for f in world.facts.history.facts.values() if isinstance(f, AttemptFact)]
    mine = [fact for fact in facts if run is not None and fact.uid == run.uid]
    return sorted(mine, key=lambda fact: (fact.stage, fact.attempt))


def ended(world: World, name: str) -> bool:
    run = told_run(world, name)
    return run is not None and run.ended is not None


def test_a_run_and_its_stages_are_told_as_they_went() -> None:
    async def check(world: World) -> None:
        world.apply("ad", [stage("a"), stage("b", retries=2)], title="An ad", tenant="acme")
        await world.until(lambda: ended(world, "ad"))
        run = told_run(world, "ad")
        assert run is not None
        assert (run.title, run.tenant, run.state, run.stages, run.done) == (
            "An ad",
            "acme",
            "Completed",
            2,
            2,
        )
        attempts = told_attempts(world, "ad")
        assert [(a.stage, a.attempt, a.outcome) for a in attempts] == [
            ("a", 1, "Succeeded"),
            ("b", 1, "Succeeded"),
        ]
        for attempt in attempts:
            assert attempt.queued is not None
            assert attempt.started is not None
            assert attempt.ended is not None
            assert attempt.ended >= attempt.started
            assert (attempt.machine, attempt.home) == ("gpu", "gpu")
            assert attempt.node
        assert [attempt.maxAttempts for attempt in attempts] == [3, 3]

    in_world(check)


def fail_twice(pod: Json) -> Behaviour:
    attempt = pod["metadata"]["labels"]["stagework.dev/attempt"]
    return Behaviour(seconds=1, exit_code=0 if attempt == "3" else 7)


def test_every_attempt_is_said_also_those_that_another_one_follows() -> None:
    async def check(world: World) -> None:
        world.apply("ad", [stage(retries=2)])
        await world.until(lambda: ended(world, "ad"))
        attempts = told_attempts(world, "ad")
        assert [(a.attempt, a.outcome, a.followed, a.exitCode) for a in attempts] == [
            (1, "Failed", True, 7),
            (2, "Failed", True, 7),
            (3, "Succeeded", False, None),
        ]
        assert all(attempt.queued and attempt.ended for attempt in attempts)
        assert all(attempt.reason for attempt in attempts[:2])

    in_world(check, fail_twice)


def test_a_failure_that_is_retried_by_a_person_is_followed_and_the_request_kept() -> None:
    failing = {"exit_code": 1}

    async def check(world: World) -> None:
        world.apply("ad", [stage(retries=0)])
        await world.until(lambda: ended(world, "ad"))
        (first,) = told_attempts(world, "ad")
        assert (first.outcome, first.followed) == ("Failed", False)

        failing["exit_code"] = 0
        world.ask("again", "Retry", of="ad", reason="font was missing", requestedBy="ops")
        await world.until(
            lambda: [a.outcome for a in told_attempts(world, "ad")][1:] == ["Succeeded"]
        )
        first, second = told_attempts(world, "ad")
        assert (first.outcome, first.followed) == ("Failed", True)
        assert second.queued is not None
        assert first.ended is not None
        assert second.queued >= first.ended
        asked = [f for f in world.facts.history.facts.values() if isinstance(f, InterventionFact)]
        assert [(a.verb, a.by, a.reason, a.affected, a.answer) for a in asked] == [
            ("Retry", "ops", "font was missing", 1, "Done")
        ]

    in_world(check, lambda _: Behaviour(seconds=1, exit_code=failing["exit_code"]))


def test_a_stage_that_waits_for_a_machine_was_queued_before_it_started() -> None:
    async def check(world: World) -> None:
        world.apply("first", [stage()])
        await world.until(lambda: world.summary("first") == "Running")
        world.apply("second", [stage()])
        await world.until(lambda: ended(world, "second"))
        (attempt,) = told_attempts(world, "second")
        assert attempt.queued is not None
        assert attempt.started is not None
        assert (attempt.started - attempt.queued).total_seconds() > 20

    in_world(check, lambda _: Behaviour(seconds=30), slots=1)


def test_nobody_waits_for_a_history_that_is_away_and_nothing_is_lost() -> None:
    async def check(world: World) -> None:
        history = world.facts.history
        history.away = True
        names = [f"run-{n}" for n in range(6)]
        for name in names:
            world.apply(name, [stage("a"), stage("b")])
        await world.until(lambda: all(world.summary(name) == "Completed" for name in names))
        assert history.facts == {}
        assert waiting(world) > 0

        history.away = False
        await world.until(lambda: waiting(world) == 0, seconds=120)
        for name in names:
            outcomes = [(a.stage, a.outcome) for a in told_attempts(world, name)]
            assert outcomes == [("a", "Succeeded"), ("b", "Succeeded")]
            assert all(a.queued and a.started and a.ended for a in told_attempts(world, name))
            assert ended(world, name)

    in_world(check)


def waiting(world: World) -> float:
    """Facts that are not acknowledged, as the metric says."""
    return world.operators[-1].runtime.registry.get_sample_value("stagework_facts_waiting") or 0


def test_after_a_restart_the_runs_that_are_there_are_told_again() -> None:
    async def check(world: World) -> None:
        history = world.facts.history
        history.away = True
        world.apply("ended", [stage("a"), stage("b")])
        await world.until(lambda: world.summary("ended") == "Completed")
        world.apply("goes-on", [stage(retries=9, timeoutSeconds=3600)])
        await world.until(lambda: world.stage("goes-on", "only").get("attempt", 1) > 1)
        await world.operators[-1].kill()
        world.run_out_lease()

        history.away = False
        world.start_operator()
        await world.until(lambda: ended(world, "ended") and told_run(world, "goes-on") is not None)
        outcomes = [(a.stage, a.outcome) for a in told_attempts(world, "ended")]
        assert outcomes == [("a", "Succeeded"), ("b", "Succeeded")]
        earlier = told_attempts(world, "goes-on")[0]
        assert (earlier.followed, earlier.exitCode, earlier.attempt) == (True, 7, 1)

    def behave(pod: Json) -> Behaviour:
        fails = "goes-on" in pod["metadata"]["name"]
        return Behaviour(seconds=2, exit_code=7 if fails else 0)

    in_world(check, behave)


def test_what_had_no_place_in_the_spool_is_derived_again_from_the_runs() -> None:
    async def check(world: World) -> None:
        world.facts.history.away = True
        names = [f"run-{n}" for n in range(4)]
        for name in names:
            world.apply(name, [stage("a"), stage("b")])
        await world.until(lambda: all(world.summary(name) == "Completed" for name in names))
        assert waiting(world) <= 3

        world.facts.history.away = False
        await world.until(lambda: all(ended(world, name) for name in names), seconds=200)
        for name in names:
            assert [a.outcome for a in told_attempts(world, name)] == ["Succeeded", "Succeeded"]

    in_world(check, spool_facts=3)


def exists(world: World, name: str) -> bool:
    return (NAMESPACE, name) in world.store.tables[PIPELINE_JOBS].objects


def test_a_run_goes_with_its_time_to_live_once_history_has_it() -> None:
    async def check(world: World) -> None:
        world.facts.history.away = True
        world.apply("ad", [stage()], ttlSecondsAfterFinished=1)
        await world.until(lambda: world.summary("ad") == "Completed")
        began = world.timescale.monotonic()
        await world.until(lambda: world.timescale.monotonic() > began + 600, seconds=700)
        assert exists(world, "ad")

        world.facts.history.away = False
        await world.until(lambda: not exists(world, "ad"), seconds=120)
        assert [a.outcome for a in told_attempts(world, "ad")] == ["Succeeded"]
        assert ended(world, "ad")

    in_world(check)


def test_a_run_stays_an_hour_for_a_history_that_does_not_come_back_and_says_so() -> None:
    async def check(world: World) -> None:
        world.facts.history.away = True
        world.apply("ad", [stage()], ttlSecondsAfterFinished=1)
        await world.until(lambda: world.summary("ad") == "Completed")
        began = world.timescale.monotonic()
        await world.until(lambda: not exists(world, "ad"), seconds=4000)
        assert 3500 < world.timescale.monotonic() - began < 3700
        events = [event.data["reason"] for event in world.store.tables[EVENTS].objects.values()]
        assert "HistoryMissed" in events

    in_world(check)
