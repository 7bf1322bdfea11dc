"""Why does a Pod whose turn has come not run yet, and may waiting mend it? Reason and sentence.

Three answers while it does not run: it is being prepared; it is hindered by what may pass (an image
that cannot be pulled, a Secret that is not there, no room on any node); or it is hopeless (no image
can have that name, the program is not in the image).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stagework.api import names
from stagework.api.causes import sentence
from stagework.api.observed import PodView

_PREPARING: Final = frozenset({"ContainerCreating", "PodInitializing"})
"""The kubelet's words for a container that is on its way; all others say what is in its way."""
_NO_NAME: Final = re.compile(r"invalid reference format|couldn't parse image name", re.IGNORECASE)
_NO_COMMAND: Final = re.compile(
    r"executable file .*not found|exec format error|no command specified"
    r"|exec: .*(?:no such file or directory|permission denied|is a directory)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Pending:
    """It is being placed or prepared; `reason` is Kubernetes' own word."""

    reason: str
    message: str


@dataclass(frozen=True)
class Hindered:
    """Something is in its way that may pass."""

    reason: str
    message: str


@dataclass(frozen=True)
class Hopeless:
    """Something is in its way that no waiting mends."""

    reason: str
    message: str


@dataclass(frozen=True)
class Started:
    """Its container runs, or ran."""

    since: datetime | None


Progress = Pending | Hindered | Hopeless | Started


def progress(pod: PodView) -> Progress:
    """Judge by the first that applies: container state, gates of others, scheduling, node.

    On its node: containers before it that are hindered, volumes and network, what runs before it.
    """
    state = pod.container(names.STAGE_CONTAINER)
    if state is not None and state.running is not None:
        return Started(state.running.started_at)
    if state is not None and state.terminated is not None:
        return Started(state.terminated.started_at)
    waiting = state.waiting if state is not None else None
    if waiting is not None and waiting.reason and waiting.reason not in _PREPARING:
        return _in_the_way(waiting.reason, waiting.message)
    others = [g.name for g in pod.spec.scheduling_gates if g.name != names.SCHEDULING_GATE]
    if others:
        return Hindered(names.WAIT_HELD_BY_OTHERS, f"held by the scheduling gate {others[0]}")
    scheduled = pod.condition("PodScheduled")
    # Said of gates that were there: the scheduler has not looked at it since they are gone.
    gated = scheduled is not None and scheduled.reason == "SchedulingGated"
    if scheduled is not None and scheduled.status == "False" and not gated:
        return Hindered(scheduled.reason or "Unschedulable", sentence(scheduled.message))
    if not pod.spec.node_name:
        return Pending("Scheduling", "waits for the scheduler")
    return _on_its_node(pod, waiting.reason if waiting is not None else "")


def _in_the_way(reason: str, message: str) -> Hindered | Hopeless:
    cause = sentence(message)
    if reason == names.INVALID_IMAGE_NAME or _NO_NAME.search(message):
        return Hopeless(names.INVALID_IMAGE_NAME, cause)
    if _NO_COMMAND.search(message):
        return Hopeless(names.START_ERROR, cause)
    return Hindered(reason, cause)


def _on_its_node(pod: PodView, reason: str) -> Pending | Hindered:
    """Images are pulled only once its volumes are mounted and its network is there."""
    node = pod.spec.node_name
    for before in pod.status.init_container_statuses:
        waiting = before.state.waiting
        if waiting is not None and waiting.reason and waiting.reason not in _PREPARING:
            cause = f"container {before.name} before it: {sentence(waiting.message)}"
            return Hindered(waiting.reason, cause.removesuffix(": "))
    ready = pod.condition("PodReadyToStartContainers")
    if ready is not None and ready.status == "False":
        text = f"on node {node}, which has not yet mounted its volumes or made its network"
        return Hindered(reason or "ContainerCreating", text)
    fetch = pod.init_container(names.FETCH_CONTAINER)
    fetching = fetch is not None and fetch.state.running is not None
    doing = ", its inputs are being fetched" if fetching else ""
    return Pending(reason or "ContainerCreating", f"on node {node}{doing}")
