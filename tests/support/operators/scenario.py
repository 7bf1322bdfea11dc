"""A run with everything in it: nine stages, a fork, a retry, a person's Skip and Retry.

a -> b -> d -> e -> f -> g -> h -> i      b fails once and is tried again by itself,
a -> c -> d                               c fails for good and is skipped by a person,
                                          g fails for good and is retried by a person.
"""

from typing import Any, Final

from tests.support.fakeapi.kubelet import Behaviour
from tests.support.fakeapi.resources import INTERVENTIONS, JOBS, PODS, Json, items, part
from tests.support.fakeapi.store import Store
from tests.support.operators.setup import NAMESPACE
from tests.support.operators.world import World
from tests.support.recorded import stages_of

RUN: Final = "nine"
_ABOVE: Final[dict[str, list[str]]] = {
    "a": [],
    "b": ["a"],
    "c": ["a"],
    "d": ["b", "c"],
    **{name: [above] for above, name in zip("defgh", "efghi", strict=True)},
}
_RUNS_ON: Final = {"a": "gpu", "b": "macmini", "c": "macbook", "e": "gpu", "g": "macmini"}


def stages() -> list[Json]:
    """The nine stages; nobody waits for a back-off."""
    return [
        {
            "name": name,
            "image": "x",
            "dependsOn": above,
            "runsOn": [_RUNS_ON.get(name, "gpu")],
            "retries": 1 if name == "b" else 0,
            "backoffSeconds": 0,
        }
        for name, above in _ABOVE.items()
    ]


def behave(pod: Json) -> Behaviour:
    """`b` and `g` fail at their first attempt, `c` at every one."""
    labels = part(pod, "metadata", "labels")
    stage, attempt = labels["stagework.dev/stage"], labels["stagework.dev/attempt"]
    fails = stage == "c" or (stage in {"b", "g"} and attempt == "1")
    return Behaviour(exit_code=1 if fails else 0, seconds=0.2)


def begin(world: World) -> None:
    """Apply the run, and let people watch it."""
    world.apply(RUN, stages())

    def failed(stage: str) -> bool:
        return world.stage(RUN, stage).get("state") == "Failed"

    world.when(
        lambda: failed("c"), lambda: world.ask("skip-c", "Skip", "c", of=RUN, descendants="Run")
    )
    world.when(lambda: failed("g"), lambda: world.ask("retry-g", "Retry", "g", of=RUN))


def over(world: World) -> bool:
    """Whether the run has ended and both people have their answers."""
    answers = world.store.list(INTERVENTIONS)
    answered = [
        intervention
        for intervention in answers
        if part(intervention.data, "status").get("answered")
    ]
    return world.summary(RUN) in {"Completed", "CompletedWithSkips"} and len(answered) == 2


def outcome(world: World) -> Json:
    """The end state without what may differ: times, names, uids, messages, Pods."""
    status = world.run(RUN)["status"]
    return {
        "summary": status["summary"],
        "progress": status["progress"],
        "conditions": {
            condition["type"]: condition["status"] for condition in status["conditions"]
        },
        "stages": {stage["name"]: _stage(stage) for stage in stages_of(world.run(RUN))},
        "answers": {
            intervention.meta["name"]: {
                key: value
                for key, value in intervention.data["status"].items()
                if key != "answered"
            }
            for intervention in world.store.list(INTERVENTIONS)
        },
        "jobs": _children(world.store, JOBS),
        "pods": _children(world.store, PODS),
        "processes": sorted((run.stage, run.attempt) for run in world.invariants.runs),
        "commits": sorted((stage, attempt) for _, stage, attempt in world.commits.commits),
    }


def _stage(status: Json) -> Json:
    kept = ("state", "attempt", "failures", "interruptions", "machine", "skip")
    fields = {key: status.get(key) for key in kept}
    return {**fields, "commit": part(status, "commit").get("attempt")}


def _children(store: Store, resource: Any) -> list[tuple[str, str]]:
    labels = [part(child.data, "metadata", "labels") for child in store.list(resource, NAMESPACE)]
    return sorted(
        (label["stagework.dev/stage"], label["stagework.dev/attempt"]) for label in labels
    )


__all__ = ["RUN", "begin", "behave", "items", "outcome", "over", "stages"]
