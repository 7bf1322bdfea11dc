"""How a scenario is written: stages, what their processes do, and what is waited for."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.support.fakeapi.kubelet import Behave, Behaviour
from tests.support.fakeapi.marks import completion_mark
from tests.support.fakeapi.resources import (
    INTERVENTIONS,
    JOBS,
    PIPELINE_JOBS,
    PIPELINES,
    PODS,
    Json,
    Resource,
    part,
)
from tests.support.fakeapi.simulator import Delays
from tests.support.fakeapi.store import Stored
from tests.support.operators.setup import NAMESPACE, settings_document
from tests.support.operators.world import World

RUN: Final = "run"
"""The run of a scenario that has but one."""
ENDS: Final = frozenset({"Completed", "CompletedWithSkips", "StageFailed", "InvalidSpec"})
LONG: Final = 3600.0
DELAYS: Final = Delays(create=0.1, schedule=0.1, start=0.3, end=0.2, collect=0.1, pod_gc=0.1)
EVERY: Final = 0
"""Instead of an attempt's number: all that are not named."""

Answer = Behaviour | Callable[[Json], Behaviour]
Script = Mapping[tuple[str, int], Answer]
WORKS: Final = Behaviour(seconds=2)
FAILS: Final = Behaviour(seconds=2, exit_code=1)
HANGS: Final = Behaviour(seconds=1e6)


@dataclass(frozen=True)
class Scenario:
    """A world, and what happens in it after the operator has started."""

    act: Callable[[World], Awaitable[None]]
    script: Script = field(default_factory=dict[tuple[str, int], Answer])
    settings: Json = field(default_factory=settings_document)
    machines: int = 1
    operator: bool = True
    """False: the scenario starts it by itself."""

    @property
    def behave(self) -> Behave:
        """By the script; everything else works."""

        def behave(pod: Json) -> Behaviour:
            labels = part(pod, "metadata", "labels")
            stage, attempt = labels["stagework.dev/stage"], int(labels["stagework.dev/attempt"])
            every = self.script.get((stage, EVERY), WORKS)
            answer = self.script.get((stage, attempt), every)
            return answer if isinstance(answer, Behaviour) else answer(pod)

        return behave


SCENARIOS: Final[dict[str, Scenario]] = {}
"""By name; filled by the decorator below."""


def scenario(**options: Any) -> Callable[[Callable[[World], Awaitable[None]]], None]:
    """Put a function into the table under its own name."""

    def add(act: Callable[[World], Awaitable[None]]) -> None:
        SCENARIOS[act.__name__.replace("_", "-")] = Scenario(act, **options)

    return add


def marked(outcome: str, exit_code: int = 0, **more: object) -> Callable[[Json], Behaviour]:
    """Writes a mark with another outcome."""
    return lambda pod: Behaviour(
        exit_code=exit_code, seconds=2, message=completion_mark(pod, outcome, **more)
    )


def line(*names: str, **fields: Any) -> list[Json]:
    """Stages one after another on a GPU."""
    return [{"name": name, "image": "x", "runsOn": ["gpu"], **fields} for name in names]


def fork(**fields: Any) -> list[Json]:
    """a, then b and c on other machines, then d."""
    a, b, c, d = line("a", "b", "c", "d", **fields)
    return [
        a,
        {**b, "dependsOn": ["a"], "runsOn": ["macmini"]},
        {**c, "dependsOn": ["a"], "runsOn": ["macbook"]},
        {**d, "dependsOn": ["b", "c"]},
    ]


def pipeline(world: World, name: str, stages: list[Json], **spec: Any) -> None:
    """A Pipeline."""
    body: Json = {"metadata": {"name": name}, "spec": {"stages": stages, **spec}}
    world.store.create(PIPELINES, NAMESPACE, body)


def run_of(world: World, name: str, **spec: Any) -> Stored:
    """A run of the Pipeline `name`."""
    body: Json = {"metadata": {"name": RUN}, "spec": {"pipelineRef": {"name": name}, **spec}}
    return world.store.create(PIPELINE_JOBS, NAMESPACE, body)


def change(world: World, name: str = RUN, **spec: Any) -> None:
    """As kubectl patch does."""
    world.store.update(
        PIPELINE_JOBS,
        NAMESPACE,
        name,
        lambda old: {**old, "spec": {**old["spec"], **spec}},
    )


async def ended(world: World, *names: str) -> None:
    """The runs (the one run) have ended."""
    wanted = names or (RUN,)
    await world.until(lambda: all(world.summary(name) in ENDS for name in wanted), seconds=LONG)


async def reached(world: World, stage: str, state: str, run: str = RUN) -> None:
    """A stage is in this state."""
    await world.until(lambda: world.stage(run, stage).get("state") == state, seconds=LONG)


async def waits_for(world: World, stage: str, reason: str, run: str = RUN) -> None:
    """A stage is where it is for this reason."""
    await world.until(lambda: world.stage(run, stage).get("reason") == reason, seconds=LONG)


async def answered(world: World, *names: str) -> None:
    """These Interventions have their answers."""

    def answer(name: str) -> Any:
        return world.store.get(INTERVENTIONS, NAMESPACE, name).data.get("status")

    await world.until(lambda: all(answer(name) for name in names), seconds=LONG)


def children(world: World, resource: Resource, stage: str) -> list[Stored]:
    """Jobs or Pods of a stage, over all runs."""
    return [
        child
        for child in world.store.list(resource, NAMESPACE)
        if part(child.data, "metadata", "labels").get("stagework.dev/stage") == stage
    ]


def remove(world: World, stage: str, *resources: Resource, **options: Any) -> None:
    """Delete a stage's children."""
    for resource in resources:
        for child in children(world, resource, stage):
            world.store.delete(resource, *child.key, {"propagationPolicy": "Background", **options})


def vanish(world: World, stage: str) -> None:
    """A stage's Pods and Jobs are gone at once, without a trace."""
    for resource in (PODS, JOBS):
        for child in children(world, resource, stage):
            if child.meta.get("finalizers"):
                world.store.patch(resource, *child.key, {"metadata": {"finalizers": None}})
            if child.key in world.store.tables[resource].objects:
                world.store.delete(
                    resource,
                    *child.key,
                    {"gracePeriodSeconds": 0, "propagationPolicy": "Background"},
                )
