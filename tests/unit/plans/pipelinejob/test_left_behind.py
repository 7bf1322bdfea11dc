"""What was left behind held by our gate is removed, and nothing else."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from stagework.api.observed import JobView, PodView
from stagework.plans.pipelinejob.left_behind import left_behind
from tests.support.builders import deleting, ended_job, make_job, make_pod, running

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
