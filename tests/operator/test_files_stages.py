"""Files stages on the fake API server: our own containers beside any image."""

from typing import Any

import pytest

from stagekit.contract import OUTCOME_REFUSED
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.marks import completion_mark
from tests.support.fakeapi.resources import PIPELINE_JOBS, PODS, Json, items, part
from tests.support.operators.setup import NAMESPACE
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World


def _stage(name: str = "a", **changes: Any) -> Json:
    """A stage that names no contract."""
    return {"name": name, "image": "x", "runsOn": ["gpu"], "backoffSeconds": 0, **changes}


def _apply(world: World, *stages: Json) -> None:
    """As people write it: nothing is put in for them."""
    body = {"metadata": {"name": "run"}, "spec": {"stages": list(stages)}}
    world.store.create(PIPELINE_JOBS, NAMESPACE, body)


def _pods(world: World) -> list[Json]:
    return [pod.data for pod in world.store.list(PODS)]


async def _ended(world: World, word: str, *, seconds: float = 120) -> None:
    await world.until(lambda: world.summary("run") == word, seconds=seconds)
    world.check_invariants()


def _at_attempts(first: Behaviour) -> Any:
    """So at the first attempt, and well at the others."""

    def behave(pod: Json) -> Behaviour:
        attempt = part(pod, "metadata", "labels")["stagework.dev/attempt"]
        return first if attempt == "1" else Behaviour()

    return behave


def test_a_line_of_stages_hands_its_files_on() -> None:
    timescale = VirtualTime()

    async def story() -> None:
        slow = Behaviour(seconds=1, keep_seconds=3)
        async with World(timescale, behave=lambda _: slow) as world:
            world.start_operator()
            _apply(world, _stage("a"), _stage("b"), _stage("c"))
            await _ended(world, "Completed")
            prefix = f"/a/1-{world.stage('run', 'a')['commit']['pod']}"
            pod = next(p for p in _pods(world) if "-b-" in p["metadata"]["name"])
            inputs = pod["metadata"]["annotations"]["stagework.dev/inputs"]
            assert prefix in inputs
            assert [c["name"] for c in items(pod["spec"], "initContainers")] == [
                "stagework-fetch",
                "stagework-keep",
            ]

    timescale.run(story())


def test_the_next_stage_waits_until_the_outputs_are_stored() -> None:
    timescale = VirtualTime()

    async def story() -> None:
        async with World(timescale, behave=lambda _: Behaviour(keep_seconds=50)) as world:
            world.start_operator()
            _apply(world, _stage("a", timeoutSeconds=10), _stage("b"))
            await world.until(lambda: world.stage("run", "a").get("state") == "Running")
            await world.until(lambda: world.stage("run", "b").get("state") == "Running")
            assert world.stage("run", "a")["state"] == "Succeeded"
            assert world.stage("run", "a").get("attempt", 1) == 1, "its timeout is not for that"
            await _ended(world, "Completed", seconds=200)

    timescale.run(story())


@pytest.mark.parametrize(
    ("behaviour", "failures", "interruptions"),
    [
        pytest.param(Behaviour(keep_exit_code=137), 1, 0, id="outputs not stored"),
        pytest.param(Behaviour(exit_code=3), 1, 0, id="a failure"),
        pytest.param(Behaviour(exit_code=143, keep_exit_code=75), 0, 1, id="the fence"),
        pytest.param(Behaviour(fetch_exit_code=1), 1, 0, id="inputs not fetched"),
        pytest.param(Behaviour(fetch_exit_code=75), 0, 1, id="no contact while they were fetched"),
    ],
)
def test_what_goes_wrong_once_is_tried_again(
    behaviour: Behaviour, failures: int, interruptions: int
) -> None:
    timescale = VirtualTime()

    async def story() -> None:
        async with World(timescale, behave=_at_attempts(behaviour)) as world:
            world.start_operator()
            _apply(world, _stage())
            await _ended(world, "Completed")
            stage = world.stage("run", "a")
            counted = (stage.get("failures", 0), stage.get("interruptions", 0))
            assert counted == (failures, interruptions)
            assert stage["attempt"] == 2

    timescale.run(story())


def test_an_input_that_can_never_be_had_is_tried_once() -> None:
    timescale = VirtualTime()

    def behave(pod: Json) -> Behaviour:
        said = completion_mark(pod, OUTCOME_REFUSED, reason="InputNotFetched", message="not there")
        return Behaviour(fetch_exit_code=2, fetch_message=said)

    async def story() -> None:
        async with World(timescale, behave=behave) as world:
            world.start_operator()
            _apply(world, _stage())
            await _ended(world, "StageFailed")
            stage = world.stage("run", "a")
            assert (stage["reason"], stage["message"]) == ("InputNotFetched", "not there")
            assert len(_pods(world)) == 1

    timescale.run(story())


def test_a_pod_that_vanishes_after_it_has_stored_its_result_is_done() -> None:
    timescale = VirtualTime()

    async def story() -> None:
        async with World(timescale, behave=lambda _: Behaviour(seconds=5)) as world:
            world.start_operator()
            _apply(world, _stage())
            await world.until(lambda: world.stage("run", "a").get("state") == "Running")
            (pod,) = _pods(world)
            results = world.simulator.kubelets.reports
            stored = world.store.get(PODS, NAMESPACE, pod["metadata"]["name"])
            written = {"pod": stored.meta["uid"], "outcome": "Succeeded", "exitCode": 0}
            labels = stored.meta["labels"]
            place = (NAMESPACE, labels["stagework.dev/run-uid"], "a", "1")
            results.results[place].append(
                {"pod": stored.meta["uid"], "digest": "d", "result": written}
            )
            world.store.patch(PODS, *stored.key, {"metadata": {"finalizers": None}})
            world.store.delete(PODS, *stored.key, {"gracePeriodSeconds": 0})
            await _ended(world, "Completed", seconds=300)
            assert world.stage("run", "a").get("attempt", 1) == 1

    timescale.run(story())
