"""Why does a Pod whose turn has come not run yet?"""

import pytest
from msgspec.structs import replace

from stagework.api.observed import PodView
from stagework.policies.pod_progress import (
    Hindered,
    Hopeless,
    Pending,
    Progress,
    Started,
    progress,
)
from tests.support.builders import (
    T0,
    after,
    condition,
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


BACK_OFF = (
    'Back-off pulling image "registry.example.org/team/tool:1": ErrImagePull: rpc error: code ='
    ' NotFound desc = failed to pull and unpack image "registry.example.org/team/tool:1": failed to'
    ' resolve reference "registry.example.org/team/tool:1": registry.example.org/team/tool:1: not'
    " found"
)
NO_NAME = (
    'Failed to apply default image tag "Team/Tool:1": couldn\'t parse image name "Team/Tool:1":'
    " invalid reference format: repository name must be lowercase"
)
NO_PROGRAM = "container create failed: executable file `pythn3` not found in $PATH"


def _not_ready() -> PodView:
    pod = scheduled(_pod())
    conditions = (condition("PodReadyToStartContainers", "False"),)
    return replace(pod, status=replace(pod.status, conditions=conditions))


@pytest.mark.parametrize(
    ("pod", "verdict"),
    [
        pytest.param(running(_pod(), since=after(3)), Started(after(3)), id="runs"),
        pytest.param(terminated(_pod(), started=T0), Started(T0), id="ran"),
        pytest.param(
            waiting_for(_pod(), "CreateContainerConfigError", 'secret "x" not found'),
            Hindered("CreateContainerConfigError", 'secret "x" not found'),
            id="missing Secret",
        ),
        pytest.param(
            waiting_for(_pod(), ""), Pending("ContainerCreating", "on node gpu-0"), id="no word"
        ),
        pytest.param(
            held_by_others(ungated(_pod())),
            Hindered("HeldByOthers", "held by the scheduling gate example.org/quota"),
            id="somebody else's gate",
        ),
        pytest.param(
            unscheduled(_pod(), "0/3 nodes"), Hindered("Unschedulable", "0/3 nodes"), id="no node"
        ),
        pytest.param(
            unscheduled(_pod(), "timed out", reason="SchedulerError"),
            Hindered("SchedulerError", "timed out"),
            id="the scheduler's own fault",
        ),
        pytest.param(
            unscheduled(_pod(), "0/3 nodes", reason=""),
            Hindered("Unschedulable", "0/3 nodes"),
            id="no node, and no word for it",
        ),
        pytest.param(
            unscheduled(
                ungated(_pod()),
                "Scheduling is blocked due to non-empty scheduling gates",
                reason="SchedulingGated",
            ),
            Pending("Scheduling", "waits for the scheduler"),
            id="the scheduler has not looked at it since its gate is gone",
        ),
        pytest.param(
            _not_ready(),
            Hindered(
                "ContainerCreating",
                "on node gpu-0, which has not yet mounted its volumes or made its network",
            ),
            id="a volume that is not there",
        ),
        pytest.param(
            waiting_for(_pod(), "ImagePullBackOff", BACK_OFF),
            Hindered("ImagePullBackOff", "registry.example.org/team/tool:1: not found"),
            id="an image that is not there, by its cause",
        ),
        pytest.param(
            waiting_for(_pod(), "InvalidImageName", NO_NAME),
            Hopeless(
                "InvalidImageName",
                'couldn\'t parse image name "Team/Tool:1": invalid reference format: repository'
                " name must be lowercase",
            ),
            id="no image can have that name",
        ),
        pytest.param(
            waiting_for(_pod(), "ErrImagePull", "invalid reference format"),
            Hopeless("InvalidImageName", "invalid reference format"),
            id="as another runtime says it",
        ),
        pytest.param(
            waiting_for(_pod(), "CreateContainerError", NO_PROGRAM),
            Hopeless("StartError", "executable file `pythn3` not found in $PATH"),
            id="the program is not in the image",
        ),
        pytest.param(
            waiting_for(_pod(), "CreateContainerError", "no command specified"),
            Hopeless("StartError", "no command specified"),
            id="neither the stage nor the image names a program",
        ),
        pytest.param(
            waiting_for(_pod(), "PodInitializing"),
            Pending("PodInitializing", "on node gpu-0"),
            id="its init containers run",
        ),
        pytest.param(
            scheduled(_pod()), Pending("ContainerCreating", "on node gpu-0"), id="has a node"
        ),
        pytest.param(
            ungated(_pod()), Pending("Scheduling", "waits for the scheduler"), id="just ungated"
        ),
    ],
)
def test_the_first_cause_that_applies_is_named(pod: PodView, verdict: Progress) -> None:
    assert progress(pod) == verdict
