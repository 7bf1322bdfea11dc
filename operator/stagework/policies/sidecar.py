"""What have our own containers of a `contract: Files` stage said? Told from the Pod alone.

1. A Pod that was made without them (by an operator that knew no such contract) has a stage that
   speaks for itself.
2. What the one beside the stage has written at its end counts, also where it was started again
   since: others have put a container into the Pod that lives on.
3. Without a word it has ended where it runs no more: the fence, or a cause that its kubelet names.
"""

from dataclasses import dataclass

from stagekit import contract
from stagework.api import names
from stagework.api.observed import PodView, Terminated

_DOCUMENT = "{"
"""So a mark begins; any other last words may be those of a start that went wrong."""
_KILLED = 137
"""Exit code of a process that was killed (SIGKILL)."""


@dataclass(frozen=True)
class AtWork:
    """The one beside the stage is still at work."""


@dataclass(frozen=True)
class Said:
    """It has ended with this termination message, which should be a mark."""

    text: str


@dataclass(frozen=True)
class Fenced:
    """It has lost contact for too long, and the stage was ended for that."""


@dataclass(frozen=True)
class NotSaid:
    """It has ended without a word."""

    cause: str


Kept = AtWork | Said | Fenced | NotSaid


def is_without_sidecar(pod: PodView) -> bool:
    """Whether the Pod has started containers and none of ours is among them."""
    return bool(pod.status.container_statuses) and pod.init_container(names.KEEP_CONTAINER) is None


def kept(pod: PodView) -> Kept:
    """What the container beside the stage has come to, once the stage's own has ended."""
    status = pod.init_container(names.KEEP_CONTAINER)
    if status is None:
        return NotSaid("its container has left no report")
    now, before = status.state.terminated, status.last_state.terminated
    ends = [end for end in (now, before) if end]
    if now is not None and now.message.strip():
        return Said(now.message)
    if before is not None and before.message.startswith(_DOCUMENT):
        return Said(before.message)
    if any(end.exit_code == contract.EXIT_FENCED for end in ends):
        return Fenced()
    if status.state.terminated is None and not pod.finished:
        return AtWork()
    return NotSaid(_cause(ends[0]) if ends else "its container has left no report")


def fetched(pod: PodView) -> str:
    """The termination message of the container before the stage; empty where it said nothing."""
    status = pod.init_container(names.FETCH_CONTAINER)
    end = status.last_end if status is not None else None
    return end.message if end is not None else ""


def fetch_lost_contact(pod: PodView) -> bool:
    """Whether that container has ended itself, since nobody answered."""
    status = pod.init_container(names.FETCH_CONTAINER)
    end = status.last_end if status is not None else None
    return end is not None and end.exit_code == contract.EXIT_FENCED


def _cause(end: Terminated) -> str:
    if end.reason == "OOMKilled":
        limit = "raise settings.files.resources.limits.memory"
        return f"{names.KEEP_CONTAINER} was killed for its memory use: {limit}"
    if end.exit_code == _KILLED:
        return f"{names.KEEP_CONTAINER} was killed before it was done"
    return f"{names.KEEP_CONTAINER} ended with exit code {end.exit_code} and said nothing"
