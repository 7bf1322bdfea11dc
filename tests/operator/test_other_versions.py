"""Operator and objects of different versions: during an upgrade, and after a rollback.

What this operator does not know is not refused: it is `NotUnderstood`, keeps its Pod, and goes on
once an operator knows it. Which fields are known is played by models that lack one.
"""

import asyncio
from typing import Any, Final

import pytest

from stagework.children.revision import name_of
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import PIPELINE_JOBS, PIPELINES, REVISIONS, Json
from tests.support.operators.inprocess import Operator
from tests.support.operators.setup import NAMESPACE, settings
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

NEW: Final = {"gangSize": "Wait"}
"""A field of a newer version."""


def _stage(name: str = "a", **changes: Any) -> Json:
    return {"name": name, "image": "x", "runsOn": ["gpu"], "retries": 0, **changes}


def _conditions(world: World, run: str = "one") -> dict[str, str]:
    conditions = world.run(run)["status"]["conditions"]
    return {condition["type"]: condition["status"] for condition in conditions}


def _not_understood(world: World) -> bool:
    return world.summary("one") == "NotUnderstood"


def _waits_for_an_upgrade(world: World, *words: str) -> None:
    status = world.run("one")["status"]
    assert _conditions(world) == {"Succeeded": "Unknown", "Reconciling": "False", "Stalled": "True"}
    assert "completionTime" not in status
    for word in (*words, "gangSize", "upgrade the operator"):
        assert word in status["message"]


async def _replaced(world: World, operator: Operator) -> Operator:
    await operator.kill()
    world.operators.remove(operator)
    world.run_out_lease()
    return world.start_operator()


def _known_now(world: World) -> None:
    """As an operator of the newer version sees it: without what only that one knows."""
    run = world.run("one")
    if "stages" in run["spec"]:
        stages = [_without(stage) for stage in run["spec"]["stages"]]
        world.store.patch(PIPELINE_JOBS, NAMESPACE, "one", {"spec": {"stages": stages}})
    for stored in world.store.list(PIPELINES):
        stages = [_without(stage) for stage in stored.data["spec"]["stages"]]
        world.store.patch(PIPELINES, *stored.key, {"spec": {"stages": stages}})
    for stored in world.store.list(REVISIONS):
        # A revision's name is a digest of what is in it: the one without the new field is another.
        if NEW.items() <= stored.data["data"]["stages"][0].items():
            stages = [_without(stage) for stage in stored.data["data"]["stages"]]
            name = name_of("p", {**stored.data["data"], "stages": stages})
            status = {"pipelineRevision": name}
            world.store.patch(PIPELINE_JOBS, NAMESPACE, "one", {"status": status})


def _without(stage: Json) -> Json:
    return {key: value for key, value in stage.items() if key not in NEW}


async def _upgraded(world: World, operator: Operator) -> None:
    await operator.kill()
    world.operators.remove(operator)
    _known_now(world)
    world.run_out_lease()
    world.start_operator()
    await world.until(lambda: world.summary("one") == "Completed", seconds=600)
    world.check_invariants()


def _behave(_pod: Json) -> Behaviour:
    return Behaviour(seconds=60)


def test_a_run_with_a_field_of_a_newer_version_waits_for_the_upgrade() -> None:
    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            operator = world.start_operator()
            world.apply("one", [_stage(**NEW)])
            await world.until(lambda: _not_understood(world))
            _waits_for_an_upgrade(world, "spec.stages.0.gangSize")
            version = world.run("one")["metadata"]["resourceVersion"]
            operator = await _replaced(world, operator)
            await asyncio.sleep(30)
            assert world.run("one")["metadata"]["resourceVersion"] == version, "said once"
            await _upgraded(world, operator)

    timescale = VirtualTime()
    timescale.run(main())


def test_what_is_asked_of_such_a_run_is_refused_with_the_cause_and_what_to_do() -> None:
    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            operator = world.start_operator()
            world.apply("one", [_stage(**NEW)])
            await world.until(lambda: _not_understood(world))
            for verb in ("Stop", "Retry", "Skip"):
                world.ask(verb.lower(), verb, of="one")
                await world.until(lambda verb=verb: bool(world.answer(verb.lower())), seconds=5)
                answer = world.answer(verb.lower())
                assert answer["summary"] == "Refused"
                assert [refused["reason"] for refused in answer["refused"]] == ["NotUnderstood"]
                assert "spec.stages.0.gangSize" in answer["message"]
                assert "upgrade the operator" in answer["message"]
            await _upgraded(world, operator)

    timescale = VirtualTime()
    timescale.run(main())


@pytest.mark.parametrize("status", [{"observedGeneration": "x"}, {"answered": "all"}])
def test_so_it_is_where_somebody_has_broken_the_status(status: Json) -> None:
    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            world.apply("one", [_stage()])
            world.store.patch(PIPELINE_JOBS, NAMESPACE, "one", {"status": status})
            world.start_operator()
            world.ask("stop", "Stop", of="one")
            await world.until(lambda: bool(world.answer("stop")), seconds=30)
            assert [r["reason"] for r in world.answer("stop")["refused"]] == ["InvalidSpec"]

    timescale = VirtualTime()
    timescale.run(main())


def _with_pipeline(world: World, **new: str) -> None:
    stages = [_stage(**new), _stage("b")]
    pipeline = {"metadata": {"name": "p"}, "spec": {"stages": stages}}
    world.store.create(PIPELINES, NAMESPACE, pipeline)
    run = {"metadata": {"name": "one"}, "spec": {"pipelineRef": {"name": "p"}}}
    world.store.create(PIPELINE_JOBS, NAMESPACE, run)


def test_a_run_whose_pipeline_has_such_a_field_starts_when_the_field_is_taken_away() -> None:
    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            world.start_operator()
            _with_pipeline(world, **NEW)
            await world.until(lambda: _not_understood(world))
            _waits_for_an_upgrade(world, "Pipeline p", "spec.stages.0.gangSize")
            _known_now(world)
            await world.until(lambda: world.summary("one") == "Completed", seconds=300)

    timescale = VirtualTime()
    timescale.run(main())


def _as_a_newer_version_had_kept_it(world: World) -> None:
    """Its name, a digest, is that of all that is in it, also of what only that version knows."""
    (stored,) = world.store.list(REVISIONS)
    stages = [{**stage, **NEW} for stage in stored.data["data"]["stages"]]
    data = {**stored.data["data"], "stages": stages}
    name = name_of("p", data)
    kept = {**stored.data, "metadata": {**stored.meta, "name": name}, "data": data}
    world.store.create(REVISIONS, NAMESPACE, kept)
    world.store.patch(PIPELINE_JOBS, NAMESPACE, "one", {"status": {"pipelineRevision": name}})


@pytest.mark.parametrize("named", [True, False], ids=["of a Pipeline", "its own stages"])
def test_a_run_under_way_keeps_its_pod_and_its_clocks_over_a_rollback(*, named: bool) -> None:
    async def main() -> None:
        async with World(timescale, of=settings(slots=1), behave=_behave) as world:
            operator = world.start_operator()
            if named:
                _with_pipeline(world)
            else:
                world.apply("one", [_stage(), _stage("b")])
            await world.until(lambda: world.stage("one", "a").get("state") == "Running")
            before = world.stage("one", "a")
            await operator.kill()
            world.operators.remove(operator)
            if named:
                _as_a_newer_version_had_kept_it(world)
            else:
                stages = [{**stage, **NEW} for stage in world.run("one")["spec"]["stages"]]
                world.store.patch(PIPELINE_JOBS, NAMESPACE, "one", {"spec": {"stages": stages}})
            world.run_out_lease()
            operator = world.start_operator()
            await world.until(lambda: _not_understood(world))
            _waits_for_an_upgrade(world, "gangSize")
            assert world.stage("one", "a") == before
            await asyncio.sleep(20)
            assert [run.ended for run in world.invariants.runs] == [None]
            await _upgraded(world, operator)
            assert len(world.invariants.runs) == 2

    timescale = VirtualTime()
    timescale.run(main())


def test_a_run_that_has_ended_stays_as_it_ended() -> None:
    async def main() -> None:
        async with World(timescale) as world:
            operator = world.start_operator()
            world.apply("one", [_stage()])
            await world.until(lambda: world.summary("one") == "Completed")
            world.store.patch(
                PIPELINE_JOBS, NAMESPACE, "one", {"spec": {"stages": [_stage(**NEW)]}}
            )
            status = world.run("one")["status"]
            await _replaced(world, operator)
            await asyncio.sleep(30)
            assert world.run("one")["status"] == status

    timescale = VirtualTime()
    timescale.run(main())


REFUSED: Final[Json] = {
    "summary": "InvalidSpec",
    "message": "stages.0.gangSize: Extra inputs are not permitted",
    "completionTime": "2026-01-01T00:00:00Z",
    "observedGeneration": 1,
    "conditions": [
        {
            "type": "Succeeded",
            "status": "False",
            "reason": "InvalidSpec",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
    ],
}
"""As operators have left it that refused for good what they did not know."""


@pytest.mark.parametrize("known", [True, False])
def test_what_an_older_operator_has_refused_for_good_goes_on(*, known: bool) -> None:
    async def main() -> None:
        async with World(timescale, behave=_behave) as world:
            world.apply("one", [_stage(**({} if known else NEW))])
            world.store.patch(PIPELINE_JOBS, NAMESPACE, "one", {"status": REFUSED})
            operator = world.start_operator()
            if not known:
                await world.until(lambda: _not_understood(world))
                _waits_for_an_upgrade(world)
                await _upgraded(world, operator)
            await world.until(lambda: world.summary("one") == "Completed", seconds=300)

    timescale = VirtualTime()
    timescale.run(main())
