"""What a stage says while it waits: of two things in its way the one that must go first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Final

import pytest

from stagework.policies.slots.request import SlotRequest
from stagework.policies.wait_cause import PRECEDENCE, Cause
from tests.support.builders import (
    T0,
    World,
    after,
    make_job,
    make_node,
    make_order,
    make_pod,
    make_stage,
    make_status,
    running,
    ungated,
)

JOB = make_job("beside")
POD = running(ungated(make_pod(JOB), "macmini"), node="macmini-0")
BESIDE = make_status(
    "beside",
    "Running",
    job=JOB.metadata.name,
    jobUid=JOB.metadata.uid,
    pod=POD.metadata.uid,
    machine="macmini",
    node="macmini-0",
    turnTime=T0,
    startTime=T0,
)
NODES = [make_node("macmini-0", "macmini")]


@dataclass(frozen=True)
class Case:
    """The stage `waits`, which is below `above`, beside which `beside` runs."""

    above: str = "Succeeded"
    stage: tuple[tuple[str, Any], ...] = ()
    spec: tuple[tuple[str, Any], ...] = ()
    status: tuple[tuple[str, Any], ...] = ()
    has_node: bool = True
    others: tuple[SlotRequest, ...] = ()

    def reason(self) -> str:
        """What it says."""
        world = World(
            stages=[
                make_stage("above"),
                make_stage("beside", dependsOn=[], runsOn=["macmini"]),
                make_stage("waits", dependsOn=["above"], **dict(self.stage)),
            ],
            states=[
                make_status("above", self.above, commit={"attempt": 1}),
                BESIDE,
                make_status("waits", **dict(self.status)),
            ],
            spec=dict(self.spec),
            jobs=[JOB],
            pods=[POD],
            nodes=[*NODES, *([make_node("gpu-0", "gpu")] if self.has_node else [])],
        )
        return world.stages_after(after(1), others=self.others)["waits"].reason


def _approval(case: Case) -> Case:
    return replace(case, stage=(*case.stage, ("approval", True)))


def _suspended(case: Case) -> Case:
    return replace(case, spec=(*case.spec, ("suspend", True)))


def _back_off(case: Case) -> Case:
    return replace(case, status=(("notBeforeTime", after(60)), ("attempt", 2)))


def _parallelism(case: Case) -> Case:
    return replace(case, spec=(*case.spec, ("parallelism", 1)))


def _slot(case: Case) -> Case:
    order = make_order("other", priority=1000)
    return replace(case, others=(SlotRequest("x", ("gpu",), order, holds="gpu"),))


ADDED: Final[dict[Cause, tuple[Callable[[Case], Case], str]]] = {
    "Dependency": (lambda case: replace(case, above="Waiting"), "DependenciesPending"),
    "Approval": (_approval, "AwaitingApproval"),
    "Suspended": (_suspended, "Suspended"),
    "BackOff": (_back_off, "BackOff"),
    "Machine": (lambda case: replace(case, has_node=False), "NoNodeOfClass"),
    "Parallelism": (_parallelism, "ParallelismReached"),
    "Slot": (_slot, "NoFreeSlot"),
}
"""What brings it about, and the reason that says it."""
PAIRS: Final[list[Sequence[Cause]]] = [
    *([cause] for cause in PRECEDENCE),
    *combinations(PRECEDENCE, 2),
]


@pytest.mark.parametrize("causes", PAIRS, ids="-".join)
def test_the_first_cause_is_said(causes: Sequence[Cause]) -> None:
    case = Case()
    for cause in causes:
        case = ADDED[cause][0](case)

    assert case.reason() == ADDED[causes[0]][1]


def test_with_nothing_in_its_way_it_starts() -> None:
    assert Case().reason() == "PodCreating"
