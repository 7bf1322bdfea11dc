"""Which container's log says why an attempt has failed."""

import msgspec
import pytest

from stagework.api.observed import (
    ContainerState,
    ContainerStatus,
    PodView,
    Terminated,
    WaitingState,
)
from stagework.policies.logged_container import logged_container
from tests.support.builders import make_job, make_pod, running, terminated, ungated, waiting_for

POD = make_pod(make_job())


def _ended(name: str, code: int, reason: str = "Error") -> ContainerStatus:
    return ContainerStatus(name, ContainerState(terminated=Terminated(code, reason)))


def _after(pod: PodView, *initial: ContainerStatus) -> PodView:
    status = msgspec.structs.replace(pod.status, init_container_statuses=initial)
    return msgspec.structs.replace(pod, status=status)


WAITS = ContainerStatus("stage", ContainerState(waiting=WaitingState("PodInitializing")))
CASES: dict[str, tuple[PodView, str]] = {
    "it runs": (running(POD), "stage"),
    "it has ended": (terminated(POD, 1), "stage"),
    "it could not be started": (terminated(POD, 128, reason="StartError"), ""),
    "nobody knows how it ended": (terminated(POD, 137, reason="ContainerStatusUnknown"), ""),
    "its image is not there": (waiting_for(POD, "ErrImagePull"), ""),
    "nothing is said of it": (ungated(POD), ""),
    "one before it failed": (_after(ungated(POD), _ended("a", 0), _ended("b", 3)), "b"),
    "the last that failed counts": (_after(ungated(POD), _ended("a", 3), _ended("b", 1)), "b"),
    "its own counts first": (_after(terminated(POD, 1), _ended("a", 3)), "stage"),
    "one before it could not be started": (
        _after(ungated(POD), _ended("a", 128, "StartError")),
        "",
    ),
}


@pytest.mark.parametrize(("pod", "name"), CASES.values(), ids=CASES)
def test_the_container_whose_log_to_read(pod: PodView, name: str) -> None:
    assert logged_container(pod) == name
