"""One refused write freezes nothing: what does not depend on it goes on, and the cause is said."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from itertools import count
from typing import Any, Final
from uuid import uuid4

import pytest

from stagework.controllers.pipelinejobs import controller
from stagework.plans.pipelinejob.plan import Evaluated, evaluate
from stagework.plans.pipelinejob.snapshot import Snapshot
from tests.support.fakeapi import failures
from tests.support.fakeapi.failures import Failure
from tests.support.fakeapi.faults import DROP, Match, Seen, Verdict
from tests.support.fakeapi.kubelet import Behave, Behaviour
from tests.support.fakeapi.resources import (
    EVENTS,
    INTERVENTIONS,
    JOBS,
    LEASES,
    PIPELINE_JOBS,
    PIPELINES,
    PODS,
    REVISIONS,
    Json,
)
from tests.support.fakeapi.simulator import succeed
from tests.support.fakeapi.store import Change
from tests.support.operators.setup import NAMESPACE, settings
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

DENIED: Final = Failure(
    403,
    "Forbidden",
    'jobs.batch "bad-a-1-0" is forbidden: every Job needs a cost-center label',
)
WEBHOOK_AWAY: Final = Failure(
    500,
    "InternalError",
    'Internal error occurred: failed calling webhook "validate.example.org": no endpoints',
)
PATCH_DENIED: Final = Failure(403, "Forbidden", 'pods "p" is forbidden: admission webhook said no')
INVALID: Final = Failure(422, "Invalid", 'Pod "p" is invalid: spec.nodeSelector: Invalid value')


def stage(name: str = "a", **fields: Any) -> Json:
    return {"name": name, "image": "x", "runsOn": ["gpu"], "retries": 0, **fields}


def in_world(
    story: Callable[[World], Awaitable[None]], *, slots: int = 1, behave: Behave = succeed
) -> None:
    async def main() -> None:
        async with World(timescale, of=settings(slots=slots), behave=behave) as world:
            world.start_operator()
            await story(world)
            world.check_invariants()

    timescale = VirtualTime()
    timescale.run(main())


def answer_with(world: World, match: Match, verdict: Verdict) -> list[Seen]:
    """What matches gets this answer from now on; the requests that did."""
    met: list[Seen] = []

    async def hook(seen: Seen) -> Verdict:
        if not match(seen):
            return None
        met.append(seen)
        return verdict

    world.faults.before.append(hook)
    return met


def for_run(verb: str, resource: Any, run: str, subresource: str = "") -> Match:
    return lambda seen: (
        (seen.verb, seen.resource, seen.subresource) == (verb, resource, subresource)
        and (seen.name.startswith(run) or f'"{run}'.encode() in seen.body)
    )


REFUSED: Final = {
    "its Job, by a policy": (for_run("POST", JOBS, "bad"), DENIED, "cost-center"),
    "its Job, by a webhook that is away": (for_run("POST", JOBS, "bad"), WEBHOOK_AWAY, "webhook"),
    "its Job, by overload": (
        for_run("POST", JOBS, "bad"),
        failures.too_many_requests(5),
        "too many requests",
    ),
    "its Job, without an answer": (for_run("POST", JOBS, "bad"), DROP, "no answer"),
    "its gate, by a policy": (for_run("PATCH", PODS, "bad"), PATCH_DENIED, "webhook said no"),
    "its gate, by a fault": (for_run("PATCH", PODS, "bad"), WEBHOOK_AWAY, "webhook"),
    "its gate, as invalid": (for_run("PATCH", PODS, "bad"), INVALID, "spec.nodeSelector"),
    "its gate, for a conflict without end": (
        for_run("PATCH", PODS, "bad"),
        failures.conflict(PODS, "p"),
        "has been modified",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_run_that_is_refused_says_why_and_its_slot_is_for_others(what: str) -> None:
    match, verdict, cause = REFUSED[what]

    async def story(world: World) -> None:
        answer_with(world, match, verdict)
        world.apply("bad", [stage()])
        await world.until(lambda: cause in world.stage("bad", "a").get("message", ""))
        assert cause in world.run("bad")["status"]["message"]

        world.apply("good", [stage()])
        await world.until(lambda: world.summary("good") == "Completed", seconds=60)
        assert world.stage("bad", "a")["state"] in {"Starting", "Stuck"}
        world.faults.before.clear()
        await world.until(lambda: world.summary("bad") == "Completed", seconds=90)
        assert world.stage("bad", "a")["attempt"] == 1

    in_world(story)


def test_a_cause_that_is_said_with_other_numbers_each_time_is_written_once() -> None:
    async def story(world: World) -> None:
        times = count(1)

        async def refuses(seen: Seen) -> Verdict:
            if not for_run("POST", JOBS, "bad")(seen):
                return None
            n = next(times)
            text = f"request {uuid4()} at 2026-01-01T00:00:{n % 60:02}Z: {n} of 3 tries left"
            return Failure(403, "Forbidden", f'admission webhook "w" denied the request: {text}')

        world.faults.before.append(refuses)
        world.apply("bad", [stage(startDeadlineSeconds=3600)])
        await world.until(lambda: world.summary("bad") == "Stuck", seconds=60)
        version = world.run("bad")["metadata"]["resourceVersion"]
        tried = next(times)
        await asyncio.sleep(600)

        assert next(times) > tried + 5
        assert world.run("bad")["metadata"]["resourceVersion"] == version

    in_world(story)


def test_a_job_that_is_removed_as_soon_as_it_is_made_is_not_made_without_end() -> None:
    """So the garbage collector does while our watch does not yet show that the run has gone."""

    async def story(world: World) -> None:
        made: list[str] = []

        def remove(change: Change) -> None:
            if change.resource is JOBS and change.old is None:
                made.append(change.last.meta["name"])
                asyncio.get_running_loop().call_soon(world.store.delete, JOBS, *change.last.key)

        world.store.listeners.append(remove)
        world.apply("one", [stage(startDeadlineSeconds=300)])
        await world.until(lambda: world.summary("one") == "Stuck", seconds=60)
        assert len(made) < 20
        assert "is removed as soon as it is made" in world.stage("one", "a")["message"]
        world.store.listeners.remove(remove)
        await world.until(lambda: world.summary("one") == "Completed", seconds=120)

    in_world(story)


@pytest.mark.parametrize("what", REFUSED)
def test_the_start_deadline_of_what_is_refused_runs(what: str) -> None:
    match, verdict, cause = REFUSED[what]

    async def story(world: World) -> None:
        answer_with(world, match, verdict)
        world.apply("bad", [stage(startDeadlineSeconds=60)])
        # A Pod whose gate never came off has run nothing: nobody waits for a proof of its end.
        await world.until(lambda: world.summary("bad") == "StageFailed", seconds=75)
        failed = world.stage("bad", "a")
        assert failed["reason"] == "StartDeadlineExceeded"
        assert cause in failed["message"]

    in_world(story)


def test_what_no_waiting_mends_fails_at_once_with_the_servers_sentence() -> None:
    async def story(world: World) -> None:
        sentence = 'Job.batch "bad-a-1-0" is invalid: spec.template.spec.volumes: Invalid value'
        answer_with(world, for_run("POST", JOBS, "bad"), Failure(422, "Invalid", sentence))
        world.apply("bad", [stage(retries=3)])
        await world.until(lambda: world.summary("bad") == "StageFailed", seconds=10)
        failed = world.stage("bad", "a")
        assert failed["reason"] == "JobRefused"
        assert failed["message"].startswith("spec.template.spec.volumes: Invalid value")
        assert failed.get("failures") == 1

    in_world(story)


@pytest.mark.parametrize("verdict", [DENIED, WEBHOOK_AWAY, failures.too_many_requests(5), DROP])
def test_other_branches_are_committed_timed_out_and_started(verdict: Verdict) -> None:
    def behave(pod: Json) -> Behaviour:
        name = pod["metadata"]["labels"]["stagework.dev/stage"]
        return Behaviour(seconds=1e6 if name == "hangs" else 20)

    async def story(world: World) -> None:
        answer_with(world, lambda s: s.resource is JOBS and b'"zzz"' in s.body, verdict)
        names = ("ok", "hangs", "first", "zzz")
        branches = [stage(name, dependsOn=[], timeoutSeconds=60) for name in names]
        world.apply("one", [*branches, stage("after_ok", dependsOn=["ok"])])
        await world.until(lambda: world.stage("one", "after_ok").get("state") == "Succeeded")
        assert world.stage("one", "ok")["commit"]
        await world.until(lambda: world.stage("one", "hangs").get("state") == "Failed")
        assert world.stage("one", "hangs")["reason"] == "TimedOut"
        assert world.stage("one", "zzz")["state"] in {"Starting", "Stuck"}

    in_world(story, slots=4, behave=behave)


@pytest.mark.parametrize("verdict", [failures.internal_error(), DENIED, INVALID])
def test_a_status_that_is_refused_takes_no_slot_from_others(verdict: Failure) -> None:
    async def story(world: World) -> None:
        answer_with(world, for_run("PATCH", PIPELINE_JOBS, "bad", "status"), verdict)
        world.apply("bad", [stage("a"), stage("b")])
        await asyncio.sleep(20)
        world.apply("good", [stage("a"), stage("b")])
        await world.until(lambda: world.summary("good") == "Completed", seconds=120)
        said = [event.data for event in world.store.list(EVENTS)]
        assert [e["involvedObject"]["name"] for e in said if e["reason"] == "StatusRefused"] == [
            "bad"
        ]
        world.faults.before.clear()
        await world.until(lambda: world.summary("bad") == "Completed", seconds=90)

    in_world(story)


@pytest.mark.parametrize("resource", [JOBS, PODS])
def test_an_attempt_that_cannot_be_ended_says_so_and_is_ended_later(resource: Any) -> None:
    async def story(world: World) -> None:
        answer_with(world, lambda s: s.verb == "DELETE" and s.resource is resource, PATCH_DENIED)
        world.apply("one", [stage(timeoutSeconds=30), stage("b", dependsOn=[], runsOn=["macmini"])])
        if resource is PODS:
            await world.until(
                lambda: world.stage("one", "a").get("reason") == "ChangeRefused", seconds=90
            )
            assert "webhook said no" in world.stage("one", "a")["message"]
        await asyncio.sleep(60)
        assert world.stage("one", "b")["state"] == "Succeeded"
        world.faults.before.clear()
        await world.until(lambda: world.summary("one") == "StageFailed", seconds=300)
        assert world.stage("one", "a")["reason"] == "TimedOut"

    in_world(story, behave=_hanging_first)


def _hanging_first(pod: Json) -> Behaviour:
    first = pod["metadata"]["labels"]["stagework.dev/stage"] == "a"
    return Behaviour(seconds=1e6 if first else 5)


def test_a_revision_that_is_refused_is_said_and_made_later() -> None:
    async def story(world: World) -> None:
        answer_with(world, lambda s: s.verb == "POST" and s.resource is REVISIONS, DENIED)
        world.store.create(
            PIPELINES, NAMESPACE, {"metadata": {"name": "p"}, "spec": {"stages": [stage()]}}
        )
        body = {"metadata": {"name": "one"}, "spec": {"pipelineRef": {"name": "p"}}}
        world.store.create(PIPELINE_JOBS, NAMESPACE, body)
        await world.until(lambda: world.summary("one") == "RevisionRefused")
        assert "cost-center" in world.run("one")["status"]["message"]
        world.faults.before.clear()
        await world.until(lambda: world.summary("one") == "Completed", seconds=90)

    in_world(story)


def test_an_answer_that_is_refused_stops_nothing_and_holds_no_slot() -> None:
    async def story(world: World) -> None:
        answer_with(
            world, lambda s: s.verb == "PATCH" and s.resource is INTERVENTIONS, PATCH_DENIED
        )
        world.apply("one", [stage(retries=3)])
        await world.until(lambda: world.stage("one", "a").get("state") == "Running")
        world.ask("iv", "Retry", "a", of="one")
        await asyncio.sleep(3)
        world.store.delete(PIPELINE_JOBS, NAMESPACE, "one", {"propagationPolicy": "Background"})
        world.apply("two", [stage()])
        await world.until(lambda: world.summary("two") == "Completed", seconds=200)

        world.ask("late", "Retry", "a", of="two")
        await world.until(lambda: world.stage("two", "a")["attempt"] == 2, seconds=60)
        await world.until(lambda: world.summary("two") == "Completed", seconds=200)
        assert world.stage("two", "a")["attempt"] == 2, "carried out once"
        world.faults.before.clear()
        await world.until(
            lambda: bool(world.store.get(INTERVENTIONS, NAMESPACE, "late").data.get("status")),
            seconds=90,
        )

    in_world(story, behave=lambda _pod: Behaviour(seconds=30))


async def _stop_is_refused(world: World, run: str) -> None:
    world.ask("stop", "Stop", of=run)
    await world.until(lambda: bool(world.answer("stop")), seconds=5)
    assert [r["reason"] for r in world.answer("stop")["refused"]] == ["CannotBePlanned"]
    assert "OverflowError" in world.answer("stop")["message"]
    assert "then ask again" in world.answer("stop")["message"]


def test_a_run_that_cannot_be_decided_about_says_so_once_and_heals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken: set[str] = set()

    def decides(snapshot: Snapshot, now: datetime) -> Evaluated:
        if snapshot.run.metadata.name in broken:
            raise OverflowError("date value out of range")
        return evaluate(snapshot, now)

    monkeypatch.setattr(controller, "evaluate", decides)

    def behave(pod: Json) -> Behaviour:
        odd = pod["metadata"]["labels"]["stagework.dev/pipelinejob"] == "odd"
        return Behaviour(seconds=1, waiting="ImagePullBackOff" if odd else "")

    async def story(world: World) -> None:
        world.apply("odd", [stage()])
        await world.until(lambda: world.stage("odd", "a").get("state") == "Starting")
        await asyncio.sleep(5)
        broken.add("odd")
        world.store.patch(PIPELINE_JOBS, NAMESPACE, "odd", {"spec": {"priority": 1}})
        await world.until(lambda: world.summary("odd") == "CannotBePlanned", seconds=30)
        assert "OverflowError" in world.run("odd")["status"]["message"]
        conditions = world.run("odd")["status"]["conditions"]
        assert {c["type"]: c["status"] for c in conditions}["Stalled"] == "True"
        world.apply("good", [stage(runsOn=["macmini"])])
        await world.until(lambda: world.summary("good") == "Completed", seconds=60)
        await asyncio.sleep(600)
        said = [event.data["reason"] for event in world.store.list(EVENTS)]
        assert said.count("CannotBePlanned") == 1
        await _stop_is_refused(world, "odd")

        broken.clear()
        world.store.patch(PIPELINE_JOBS, NAMESPACE, "odd", {"spec": {"priority": 2}})
        await world.until(lambda: world.summary("odd") != "CannotBePlanned", seconds=30)

    in_world(story, behave=behave)


@pytest.mark.parametrize(("runs", "seconds", "every"), [(40, 1, 1), (3, 30, 1), (60, 1, 2)])
def test_an_overloaded_api_server_does_not_get_the_operator_killed(
    runs: int, seconds: int, every: int
) -> None:
    async def story(world: World) -> None:
        await asyncio.sleep(10)
        count = 0

        async def hook(seen: Seen) -> Verdict:
            nonlocal count
            count += 1
            if not seen.is_write or seen.resource is LEASES or count % every:
                return None
            return failures.too_many_requests(seconds)

        world.faults.before.append(hook)
        for number in range(runs):
            world.apply(f"r{number}", [stage(name, dependsOn=[]) for name in "abcd"])
        runtime = world.operators[0].runtime
        for _ in range(300):
            await asyncio.sleep(1)
            assert runtime.fault() == ""
        world.faults.before.clear()
        await world.until(
            lambda: all(world.summary(f"r{n}") == "Completed" for n in range(runs)), seconds=150
        )

    in_world(story, slots=300)


def test_the_429_of_one_namespace_stops_no_other() -> None:
    async def story(world: World) -> None:
        answer_with(
            world,
            lambda s: s.is_write and s.namespace == "bad" and s.resource is not LEASES,
            failures.too_many_requests(30),
        )
        for number in range(40):
            body = {"metadata": {"name": f"r{number}"}, "spec": {"stages": [stage()]}}
            world.store.create(PIPELINE_JOBS, "bad", body)
        await asyncio.sleep(30)
        world.apply("good", [stage("a"), stage("b")])
        await world.until(lambda: world.summary("good") == "Completed", seconds=30)

    in_world(story)
