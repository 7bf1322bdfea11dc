"""Which container's log says why an attempt has failed? The stage's own, else the last that failed.

A container that has never run has no log: its kubelet has said what there is to say.
"""

from stagework.api import names
from stagework.api.observed import ContainerState, PodView

_NEVER_RAN = frozenset({"StartError", "ContainerCannotRun", "ContainerStatusUnknown"})
"""The kubelet's words for the end of a container of which no log can be read."""


def logged_container(pod: PodView) -> str:
    """Name of the container whose log to read; empty where none has run."""
    own = pod.container(names.STAGE_CONTAINER)
    if own is not None and _ran(own):
        return names.STAGE_CONTAINER
    initial = [c.name for c in pod.status.init_container_statuses if _failed(c.state)]
    return initial[-1] if initial else ""


def _ran(state: ContainerState) -> bool:
    ended = state.terminated
    return state.running is not None or (ended is not None and ended.reason not in _NEVER_RAN)


def _failed(state: ContainerState) -> bool:
    return state.terminated is not None and state.terminated.exit_code != 0 and _ran(state)
