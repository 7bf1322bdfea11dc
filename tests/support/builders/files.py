"""Pods of Files stages, with the two containers of ours as a kubelet reports them."""

import msgspec

from stagework.api.names import FETCH_CONTAINER, KEEP_CONTAINER
from stagework.api.observed import (
    ContainerState,
    ContainerStatus,
    PodView,
    Running,
    Terminated,
    WaitingState,
)

_replace = msgspec.structs.replace
_WENT_WELL = ContainerState(terminated=Terminated(0, "Completed"))
_RUNS = ContainerState(running=Running())
_WAITS = ContainerState(waiting=WaitingState("PodInitializing"))


def keeping(pod: PodView, before: Terminated | None = None) -> PodView:
    """The container beside the stage is at work, so the Pod has not ended.

    `before`: how it ended before it was started again.
    """
    again = ContainerState(terminated=before) if before is not None else ContainerState()
    keeper = ContainerStatus(KEEP_CONTAINER, _RUNS, again, restart_count=int(before is not None))
    phase = pod.status.phase if pod.status.phase == "Pending" else "Running"
    return _with(pod, _fetch(_WENT_WELL), keeper, phase)


def kept(pod: PodView, message: str = "", exit_code: int = 0, reason: str = "") -> PodView:
    """It has ended, with this termination message."""
    end = Terminated(exit_code, reason, message)
    keeper = ContainerStatus(KEEP_CONTAINER, ContainerState(terminated=end))
    return _with(pod, _fetch(_WENT_WELL), keeper, pod.status.phase)


def fetching(pod: PodView) -> PodView:
    """The container before the stage brings its inputs."""
    return _with(pod, _fetch(_RUNS), ContainerStatus(KEEP_CONTAINER, _WAITS), "Pending")


def not_fetched(pod: PodView, exit_code: int, message: str = "") -> PodView:
    """It has failed, and with it the Pod."""
    end = ContainerState(terminated=Terminated(exit_code, "Error", message))
    return _with(pod, _fetch(end), ContainerStatus(KEEP_CONTAINER, _WAITS), "Failed")


def fetch_waits(pod: PodView, reason: str, message: str = "") -> PodView:
    """The container before the stage cannot start."""
    waits = ContainerState(waiting=WaitingState(reason, message))
    return _with(pod, _fetch(waits), ContainerStatus(KEEP_CONTAINER, _WAITS), "Pending")


def _fetch(state: ContainerState) -> ContainerStatus:
    return ContainerStatus(FETCH_CONTAINER, state)


def _with(pod: PodView, fetch: ContainerStatus, keep: ContainerStatus, phase: str) -> PodView:
    status = _replace(pod.status, init_container_statuses=(fetch, keep), phase=phase)
    return _replace(pod, status=status)
