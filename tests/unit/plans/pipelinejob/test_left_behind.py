"""What was left behind held by our gate is removed, and nothing else."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from stagework.api.observed import JobView, PodView
from stagework.plans.pipelinejob.left_behind import (
    cannot_start,
    goes_with_its_run,
    left_behind,
)
from tests.support.builders import (
    deleting,
    ended_job,
    make_job,
    make_pod,
    running,
    ungated,
    waiting_for,
)

_replace = msgspec.structs.replace
OWNED = make_job("a")
JOB = _replace(OWNED, metadata=_replace(OWNED.metadata, owner_references=()))
POD = make_pod(JOB)
ORPHAN = _replace(POD, metadata=_replace(POD.metadata, owner_references=()))
J, P = JOB.metadata.uid, POD.metadata.uid


def _gone(_namespace: str, _run: str, _pod: str) -> None:
    return None


def _alive(_namespace: str, _run: str, pod: str) -> bool:
    return pod in {"", "chosen"}


CASES: dict[str, tuple[list[JobView], list[PodView], Callable[..., Any], set[str]]] = {
    "a Job of a run that is gone, its Pod held": ([JOB], [POD], _gone, {J}),
    "a Job of a run that is gone, without a Pod": ([JOB], [], _gone, {J}),
    "its Pod runs: it was left to go on": ([JOB], [running(POD)], _gone, set()),
    "it has ended": ([ended_job(JOB)], [], _gone, set()),
    "it has an owner: the garbage collector's, or a stranger's": ([OWNED], [POD], _gone, set()),
    "its run is there": ([JOB], [POD], _alive, set()),
    "a Pod of a Job that is gone, its run too": ([], [ORPHAN], _gone, {P}),
    "a Pod of a Job that is gone, its run there": ([], [ORPHAN], _alive, {P}),
    "a Pod that was chosen to run": (
        [],
        [_replace(ORPHAN, metadata=_replace(ORPHAN.metadata, uid="chosen"))],
        _alive,
        set(),
    ),
    "a Pod that runs": ([], [running(ORPHAN)], _gone, set()),
    "a Pod that leaves": ([], [deleting(ORPHAN)], _gone, set()),
    "a Pod that its Job has": ([], [POD], _gone, set()),
}


@pytest.mark.parametrize(("jobs", "pods", "names_pod", "removed"), CASES.values(), ids=CASES)
def test_only_what_can_never_run_and_is_nobodys_goes(
    jobs: list[JobView], pods: list[PodView], names_pod: Callable[..., Any], removed: set[str]
) -> None:
    found = list(left_behind(jobs, pods, names_pod))

    assert {target.uid for target in found} == removed
    assert all(target.resource_version for target in found), "only as it was seen"


SHORT = running(make_pod(OWNED))
LONG = _replace(SHORT, spec=_replace(SHORT.spec, termination_grace_period_seconds=300))
RUN_UID = OWNED.metadata.controller_uid


@pytest.mark.parametrize(
    ("job", "pod", "is_hastened"),
    [
        pytest.param(OWNED, LONG, True, id="the garbage collector would give it the long grace"),
        pytest.param(OWNED, SHORT, False, id="its grace is short"),
        pytest.param(OWNED, deleting(LONG), False, id="it ends already"),
        pytest.param(JOB, LONG, False, id="its Job was orphaned: it was left to go on"),
    ],
)
def test_a_pod_that_goes_with_its_run_has_no_longer_than_others(
    job: JobView, pod: PodView, *, is_hastened: bool
) -> None:
    found = [target.uid for target in goes_with_its_run(RUN_UID, [job], [pod], 30)]

    assert found == ([pod.metadata.uid] if is_hastened else [])


def _bare(pod: PodView) -> PodView:
    return _replace(pod, metadata=_replace(pod.metadata, labels={}))


@pytest.mark.parametrize(("named", "removed"), [(False, [P]), (True, [])])
def test_a_held_pod_that_has_lost_label_and_owner_goes_unless_a_status_names_it(
    removed: list[str], *, named: bool
) -> None:
    asked: list[str] = []

    def names_pod(_namespace: str, run: str, _pod: str) -> bool:
        asked.append(run)
        return named

    found = list(left_behind([], [_bare(ORPHAN)], names_pod))

    assert [target.uid for target in found] == removed
    assert asked == [""], "of any run: what it belongs to is not known"


OUT = ungated(POD)
STUCK = waiting_for(OUT, "ImagePullBackOff")


@pytest.mark.parametrize(
    ("pod", "is_held", "ends"),
    [
        pytest.param(STUCK, True, True, id="it cannot start"),
        pytest.param(waiting_for(OUT, "InvalidImageName"), True, True, id="it never will"),
        pytest.param(STUCK, False, False, id="nothing proves that it is ours"),
        pytest.param(running(OUT), True, False, id="it runs: it was left to go on"),
        pytest.param(waiting_for(OUT, "ContainerCreating"), True, False, id="it is on its way"),
        pytest.param(POD, True, False, id="it is held: that is the other rule's"),
        pytest.param(deleting(STUCK), True, False, id="it is ended already"),
    ],
)
def test_a_pod_of_a_run_that_is_gone_is_ended_where_it_cannot_start(
    pod: PodView, *, is_held: bool, ends: bool
) -> None:
    def holds(_namespace: str, _run: str, _pod: str) -> bool:
        return is_held

    found = list(cannot_start([pod], holds))

    assert [target.uid for target in found] == ([pod.metadata.uid] if ends else [])
