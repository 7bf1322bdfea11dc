"""Why does a Pod whose turn has come not run yet?"""

import pytest

from stagework.api.observed import PodView
from stagework.policies.pod_progress import Pending, Started, progress
from tests.support.builders import (
    T0,
    after,
    held_by_others,
    make_job,
    make_pod,
    running,
    scheduled,
    terminated,
    ungated,
    unscheduled,
    waiting_for,
)


def _pod() -> PodView:
    return make_pod(make_job())


@pytest.mark.parametrize(
    ("pod", "verdict"),
    [
        pytest.param(running(_pod(), since=after(3)), Started(after(3)), id="runs"),
        pytest.param(terminated(_pod(), started=T0), Started(T0), id="ran"),
        pytest.param(
            waiting_for(_pod(), "CreateContainerConfigError", 'secret "x" not found'),
            Pending("CreateContainerConfigError", 'secret "x" not found'),
            id="missing Secret",
        ),
        pytest.param(
            waiting_for(_pod(), ""), Pending("ContainerCreating", "on node gpu-0"), id="no word"
        ),
        pytest.param(
            held_by_others(ungated(_pod())),
            Pending("HeldByOthers", "held by the scheduling gate example.org/quota"),
            id="somebody else's gate",
        ),
        pytest.param(
            unscheduled(_pod(), "0/3 nodes"), Pending("Unschedulable", "0/3 nodes"), id="no node"
        ),
        pytest.param(
            unscheduled(_pod(), "timed out", reason="SchedulerError"),
            Pending("SchedulerError", "timed out"),
            id="the scheduler's own fault",
        ),
        pytest.param(
            unscheduled(_pod(), "0/3 nodes", reason=""),
            Pending("Unschedulable", "0/3 nodes"),
            id="no node, and no word for it",
        ),
        pytest.param(
            scheduled(_pod()), Pending("ContainerCreating", "on node gpu-0"), id="has a node"
        ),
        pytest.param(
            ungated(_pod()), Pending("Scheduling", "waits for the scheduler"), id="just ungated"
        ),
    ],
)
def test_the_first_cause_that_applies_is_named(pod: PodView, verdict: Pending | Started) -> None:
    assert progress(pod) == verdict
