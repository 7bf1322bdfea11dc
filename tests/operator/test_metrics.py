"""What the metrics say follows from what happened: how long work waits, what was recovered."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.metrics import MetricWrapperBase

from stagework.controllers.alerting.metrics import AlertMetrics
from stagework.controllers.facts.metrics import FactMetrics
from stagework.controllers.metrics import Metrics
from stagework.controllers.pipelinejobs.controller import PipelineJobs
from stagework.controllers.pipelinejobs.metrics import QueueMetrics, StageMetrics
from stagework.controllers.pipelinejobs.queue_numbers import QueueNumbers
from stagework.controllers.scheduledjobs.metrics import ScheduleMetrics
from tests.support.builders.queue import old_places
from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import JOBS, NODES, PIPELINE_JOBS, PODS, Json, Resource
from tests.support.operators.setup import NAMESPACE, settings
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World

DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"
HOWS = ("StoredResult", "JobCondition", "NewAttempt", "GivenUp")


def _stage(**fields: object) -> Json:
    return {"name": "only", "image": "x", "runsOn": ["gpu"], "backoffSeconds": 0, **fields}


def _values(metric: MetricWrapperBase) -> dict[str, float]:
    """Label value to value, as a scrape shows them."""
    suffix = "" if isinstance(metric, Gauge) else "_total"
    return {
        next(iter(sample.labels.values())): sample.value
        for family in metric.collect()
        for sample in family.samples
        if sample.name == family.name + suffix
    }


def _fail(_pod: Json) -> Behaviour:
    return Behaviour(exit_code=1)


def _runs(world: World) -> PipelineJobs:
    controllers = world.operators[-1].runtime.controllers
    (controller,) = (c for c in controllers if isinstance(c, PipelineJobs))
    return controller


def _age(world: World, machine: str) -> float:
    return _values(_runs(world).queue_metrics.oldest_pending_seconds)[machine]


def _in_world(check: Callable[[World], Awaitable[None]], seconds: float) -> None:
    async def main() -> None:
        one_slot = settings(slots=1)
        async with World(
            timescale, behave=lambda _: Behaviour(seconds=seconds), of=one_slot
        ) as world:
            world.start_operator()
            await check(world)

    timescale = VirtualTime()
    timescale.run(main())


def _reason(world: World, run: str) -> str:
    return world.stage(run, "only").get("reason", "")


async def _age_of(world: World, machine: str, seconds: float) -> None:
    """The age reaches this one, as fast as the clock."""
    began, age = world.timescale.monotonic(), _age(world, machine)
    await world.until(lambda: _age(world, machine) >= seconds)
    passed = world.timescale.monotonic() - began
    assert _age(world, machine) == pytest.approx(age + passed, abs=1.0)


def test_the_age_of_the_oldest_stage_that_waits_for_a_slot() -> None:
    async def check(world: World) -> None:
        world.apply("first", [_stage()])
        await world.until(lambda: world.summary("first") == "Running")
        for name in ("second", "third"):
            world.apply(name, [_stage()])
        await world.until(lambda: _reason(world, "third") == "NoFreeSlot")
        await _age_of(world, "gpu", 30)
        assert _age(world, "macbook") == 0

        await world.operators[-1].stop()
        assert _age(world, "gpu") == 0, "who does not lead knows nothing"
        world.start_operator()
        await world.until(lambda: _values(_runs(world).queue_metrics.oldest_pending_seconds) != {})
        await world.until(lambda: _age(world, "gpu") > 30)  # it outlives a restart

        await world.until(lambda: world.summary("third") == "Completed", seconds=500)
        assert _age(world, "gpu") == 0

    _in_world(check, seconds=100)


def test_the_age_of_the_oldest_stage_that_waits_for_a_node() -> None:
    async def check(world: World) -> None:
        for node in list(world.store.list(NODES)):
            if node.meta["labels"]["stagework.dev/machine"] == "macbook":
                world.store.delete(NODES, *node.key)
        world.apply("homeless", [_stage(runsOn=["macbook"])])
        await world.until(lambda: _reason(world, "homeless") == "NoNodeOfClass")
        await _age_of(world, "macbook", 20)
        world.store.delete(PIPELINE_JOBS, NAMESPACE, "homeless")
        await world.until(lambda: _age(world, "macbook") == 0)

    _in_world(check, seconds=1)


def _remove(world: World, *resources: Resource) -> None:
    for resource in resources:
        for stored in list(world.store.list(resource, NAMESPACE)):
            world.store.delete(resource, *stored.key, {"gracePeriodSeconds": 0})


@pytest.mark.parametrize(
    ("contract", "gone", "how"),
    [
        pytest.param("Mark", (PODS, JOBS), "StoredResult", id="its result was stored"),
        pytest.param("ExitCode", (PODS,), "JobCondition", id="its Job was counted as done"),
        pytest.param("ExitCode", (PODS, JOBS), "NewAttempt", id="nothing is left of it"),
    ],
)
def test_a_stage_whose_pod_vanished_unseen_is_recovered_once(
    contract: str, gone: tuple[Resource, ...], how: str
) -> None:
    async def check(world: World) -> None:
        world.apply("run", [_stage(contract=contract)])
        await world.until(lambda: world.stage("run", "only").get("state") == "Running")
        await world.operators[-1].stop()
        await world.until(lambda: _job_done(world))
        _remove(world, *gone)
        world.start_operator()
        await world.until(lambda: world.summary("run") == "Completed", seconds=300)
        counts = _recovered(world)
        assert counts == {way: float(way == how) for way in HOWS}

    _in_world(check, seconds=10)


def _recovered(world: World) -> dict[str, float]:
    """How often, by how it was recovered, whatever the cause and the machine."""
    (family,) = _runs(world).stage_metrics.orphans_recovered_total.collect()
    counts: dict[str, float] = {}
    for sample in family.samples:
        if sample.name.endswith("_total"):
            how = sample.labels["how"]
            counts[how] = counts.get(how, 0.0) + sample.value
    return counts


def _job_done(world: World) -> bool:
    jobs = list(world.store.list(JOBS, NAMESPACE))
    return all(job.data.get("status", {}).get("succeeded") == 1 for job in jobs)


def test_what_ran_to_its_end_was_no_orphan() -> None:
    async def check(world: World) -> None:
        world.simulator.kubelets.behave = _fail
        world.apply("run", [_stage(retries=1)])
        await world.until(lambda: world.summary("run") == "StageFailed")
        assert _recovered(world) == dict.fromkeys(HOWS, 0.0)

    _in_world(check, seconds=1)


def test_what_is_ended_with_its_run_is_no_failure() -> None:
    async def check(world: World) -> None:
        world.apply("stopped", [_stage()])
        await world.until(lambda: world.stage("stopped", "only").get("state") == "Running")
        world.ask("enough", "Stop", of="stopped")
        await world.until(lambda: world.summary("stopped") == "Stopped")
        world.apply("late", [_stage()], activeDeadlineSeconds=5)
        await world.until(lambda: world.summary("late") == "DeadlineExceeded")

        counted = _runs(world).stage_metrics.stage_attempts_total
        (family,) = counted.collect()
        ends = {s.labels["outcome"]: s.value for s in family.samples if s.name.endswith("_total")}
        assert ends == {"Stopped": 2.0}

    _in_world(check, seconds=100)


def test_every_metric_is_documented() -> None:
    registry = CollectorRegistry()
    Metrics(registry, "1")
    StageMetrics(registry)
    ScheduleMetrics(registry)
    AlertMetrics(registry)
    FactMetrics(registry)
    numbers = QueueNumbers(registry, old_places(), lambda: datetime.now(UTC))
    QueueMetrics(registry, lambda: datetime.now(UTC), numbers)
    names = [family.name for family in registry.collect()]
    text = DOCUMENT.read_text()
    assert [name for name in names if f"`{name}" not in text] == []
