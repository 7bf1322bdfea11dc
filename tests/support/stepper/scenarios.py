"""Whole runs for the crash tests: each begins the same way every time, and has one right end."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from stagework.api.stages import Stage
from tests.support.builders import line_of, make_intervention, make_run, make_stage
from tests.support.stepper import Behaviour, Script, Stepper
from tests.support.stepper.behaviour import (
    CRASHES,
    FAILS,
    HANGS,
    NEVER_STARTS,
    OUT_OF_MEMORY,
    REFUSES,
    SKIPS,
    WITHOUT_MARK,
)

Scenario = Callable[[int | None], Stepper]
"""Makes a Stepper that is killed at that write, if at any."""


def fork(**changes: Any) -> list[Stage]:
    """One stage, two branches on two classes, and one stage that joins them."""
    return [
        make_stage("a", **changes),
        make_stage("b", dependsOn=["a"], runsOn=["macmini"], **changes),
        make_stage("c", dependsOn=["a"], runsOn=["macbook"], **changes),
        make_stage("d", dependsOn=["b", "c"], **changes),
    ]


def guarded(**changes: Any) -> list[Stage]:
    """A line of three; one stage for a failure of it, and one that cleans up at the end."""
    return [
        *line_of(3, **changes),
        make_stage("tell", runsIf="Failed"),
        make_stage("clean", runsIf="Ended"),
    ]


def coin() -> list[Stage]:
    """A stage that decides which of two branches is taken, and one where they meet again."""
    return [
        make_stage("flip"),
        make_stage("heads", dependsOn=["flip"]),
        make_stage("polish", dependsOn=["heads"]),
        make_stage("tails", dependsOn=["flip"], runsOn=["macmini"]),
        make_stage("meet", dependsOn=["polish", "tails"]),
    ]


def side_by_side(count: int) -> list[Stage]:
    """So many stages that depend on nothing, on three classes."""
    classes = ("gpu", "macmini", "macbook")
    return [
        make_stage(f"side_{number}", dependsOn=[], runsOn=[classes[number % 3]])
        for number in range(count)
    ]


def _scenario(
    stages: list[Stage],
    script: Script | None = None,
    act: Callable[[Stepper], None] | None = None,
    **spec: Any,
) -> Scenario:
    def begin(crash_at: int | None) -> Stepper:
        stepper = Stepper(make_run(*stages, **spec), script=script, crash_at=crash_at)
        if act is not None:
            act(stepper)
        return stepper

    return begin


def _suspended(stepper: Stepper) -> None:
    stepper.at(5, lambda: stepper.change_spec(suspend=True))
    stepper.at(40, lambda: stepper.change_spec(suspend=False))


def _held_job_deleted(stepper: Stepper) -> None:
    def delete() -> None:
        for uid, job in list(stepper.cluster.jobs.items()):
            if job.metadata.labels["stagework.dev/stage"] == "stage_3":
                stepper.cluster.delete_job(uid, stepper.now)

    stepper.at(5, delete)


def _held_pod_deleted(stepper: Stepper) -> None:
    def delete() -> None:
        for uid, pod in list(stepper.cluster.pods.items()):
            if pod.metadata.labels["stagework.dev/stage"] == "stage_3":
                stepper.cluster.delete_pod(uid, stepper.now)

    stepper.at(5, delete)


def _asked(at: float, verb: str, *stages: str, **spec: Any) -> Callable[[Stepper], None]:
    request = make_intervention(verb, *stages, uid=f"iv-{verb}", **spec)
    return lambda stepper: stepper.at(at, lambda: stepper.ask(request))


def _both(*acts: Callable[[Stepper], None]) -> Callable[[Stepper], None]:
    def act(stepper: Stepper) -> None:
        for one in acts:
            one(stepper)

    return act


def _quota(stepper: Stepper) -> None:
    stepper.cluster.quota = 1
    stepper.at(60, lambda: setattr(stepper.cluster, "quota", 100))


def _no_quota(stepper: Stepper) -> None:
    stepper.cluster.quota = 0


def _empty_jobs(stepper: Stepper) -> None:
    stepper.cluster.no_pods_for.add("stage_2")
    stepper.at(70, stepper.cluster.no_pods_for.clear)


def _no_node(stepper: Stepper) -> None:
    stepper.set_node("gpu-0", ready=False)
    stepper.at(50, lambda: stepper.set_node("gpu-0", ready=True))


def _lid_closed(stepper: Stepper) -> None:
    stepper.at(5, lambda: stepper.set_node("gpu-0", ready=False))
    stepper.at(30, lambda: stepper.set_node("gpu-0", ready=True))


def _gpu_gone(stepper: Stepper) -> None:
    stepper.set_node("gpu-0", ready=False)


REMOVED = Behaviour(seconds=200, removed_after=5)
STORED = Behaviour(seconds=5, removed_after=4)
DELETED = Behaviour(seconds=20, deleted_after=5)
TAILS = Behaviour(skips=(("heads", "ItWasTails"),))
"""What depends on heads alone is not needed, either."""

SCENARIOS: dict[str, Scenario] = {
    "a line of nine": _scenario(line_of(9)),
    "a fork": _scenario(fork()),
    "two failed attempts": _scenario(line_of(3), {("stage_2", 1): FAILS, ("stage_2", 2): CRASHES}),
    "a branch fails for good": _scenario(fork(), {("b", n): FAILS for n in (1, 2, 3)}),
    "a refused input": _scenario(line_of(3), {("stage_2", 1): REFUSES}),
    "a stage that skips itself": _scenario(line_of(3), {("stage_2", 1): SKIPS}),
    "no mark": _scenario(line_of(2), {("stage_2", 1): WITHOUT_MARK}),
    "out of memory": _scenario(line_of(2), {("stage_2", n): OUT_OF_MEMORY for n in (1, 2, 3)}),
    "a timeout": _scenario(line_of(2), {("stage_2", 1): HANGS}),
    "an image that cannot be pulled": _scenario(line_of(2), {("stage_2", 1): NEVER_STARTS}),
    "a Pod deleted by hand": _scenario(line_of(2), {("stage_2", 1): DELETED}),
    "a Pod removed by force": _scenario(line_of(2), {("stage_2", 1): REMOVED}),
    "a Pod that vanished with its work stored": _scenario(line_of(2), {("stage_1", 1): STORED}),
    "a sidecar that lives on": _scenario(line_of(2), {("stage_1", 1): Behaviour(sidecar=True)}),
    "suspended and resumed": _scenario(line_of(4), act=_suspended),
    "a held Job deleted": _scenario(line_of(4), act=_held_job_deleted),
    "a held Pod deleted": _scenario(line_of(4), act=_held_pod_deleted),
    "a retry in mid-run": _scenario(line_of(4), act=_asked(12, "Retry", "stage_1")),
    "a retry beside other work": _scenario(fork(), act=_asked(19, "Retry", "b")),
    "a skip of what runs": _scenario(line_of(4), act=_asked(12, "Skip", "stage_2")),
    "a skip of what waits": _scenario(
        line_of(4), act=_asked(9, "Skip", "stage_3", descendants="Run")
    ),
    "no node at first": _scenario(line_of(2), act=_no_node),
    "a node that is away for a while": _scenario(
        line_of(2), {("stage_1", 1): Behaviour(seconds=20)}, _lid_closed
    ),
    "the next class takes it": _scenario(
        line_of(2, runsOn=["gpu", "macmini"], fallbackAfterSeconds=20), act=_gpu_gone
    ),
    "a quota that is raised": _scenario(line_of(3), act=_quota),
    "a quota that is never raised": _scenario(line_of(3, retries=0), act=_no_quota),
    "a failure that is told and cleaned up": _scenario(guarded(), {("stage_2", 1): REFUSES}),
    "nothing to tell, and a clean-up": _scenario(guarded()),
    "a branch that is left out": _scenario(coin(), {("flip", 1): TAILS}),
    "a branch that is left out, with its work stored": _scenario(
        coin(), {("flip", 1): replace(STORED, skips=TAILS.skips)}
    ),
    "a run that is stopped": _scenario(guarded(), {("stage_2", 1): HANGS}, _asked(12, "Stop")),
    "a run that is stopped and goes on": _scenario(
        guarded(), {("stage_2", 1): HANGS}, _both(_asked(12, "Stop"), _asked(40, "Retry"))
    ),
    "a stage that somebody approves": _scenario(
        [*line_of(1), make_stage("publish", approval=True), make_stage("after")],
        act=_asked(30, "Approve", "publish"),
    ),
    "two at once of seven": _scenario(side_by_side(7), parallelism=2),
    "Jobs that get no Pod for a while": _scenario(line_of(3), act=_empty_jobs),
}


def outcome(stepper: Stepper) -> dict[str, Any]:
    """What must be the same however often the operator was killed: everything but times."""
    return {
        "summary": stepper.run.status.summary,
        "stages": [
            (
                stage.name,
                stage.state,
                stage.attempt,
                stage.failures,
                stage.commit.attempt if stage.commit is not None else None,
            )
            for stage in stepper.run.status.stages
        ],
        "answers": [(r.status.affected, r.status.summary) for r in stepper.requests],
    }
