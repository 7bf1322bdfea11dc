"""Heartbeats of stage Pods, in memory: the last one of each Pod.

The receiver says since when it listens: whoever draws conclusions from silence must know how
long there was an ear.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from stagework.web.artifact_path import ArtifactPrefix

KEPT_SECONDS: Final = 3600.0
"""A Pod that has been silent for so long is forgotten."""
KEPT_MAX: Final = 20_000
"""More Pods than this are not remembered; the longest silent go first."""
BODY_MAX_BYTES: Final = 4096
"""A heartbeat is small."""

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Heartbeat(msgspec.Struct, frozen=True):
    """How far a stage is; all fields are optional."""

    done: _Count | None = None
    total: _Count | None = None
    note: Annotated[str, msgspec.Meta(max_length=1024)] = ""
    item: _Count | None = None
    """Number of the batch's item at work."""


@dataclass(frozen=True)
class _Received:
    at: float
    prefix: ArtifactPrefix
    heartbeat: Heartbeat


class Heartbeats:
    """The last heartbeat of each Pod."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since = clock()
        self._last: dict[str, _Received] = {}

    def receive(self, prefix: ArtifactPrefix, heartbeat: Heartbeat) -> None:
        """A heartbeat came; it moves to the end, so that the longest silent are in front."""
        self._last.pop(prefix.pod_uid, None)
        self._last[prefix.pod_uid] = _Received(self._clock(), prefix, heartbeat)
        limit = self._clock() - KEPT_SECONDS
        while len(self._last) > KEPT_MAX or next(iter(self._last.values())).at < limit:
            del self._last[next(iter(self._last))]

    def item_of(self, run_uid: str) -> int | None:
        """The item that a run's Pod named last; None: nothing was heard of one."""
        for received in reversed(self._last.values()):
            if received.prefix.run_uid == run_uid and received.heartbeat.item is not None:
                return received.heartbeat.item
        return None

    def report(self, pod: str = "") -> dict[str, object]:
        """Everything that was received, with ages in seconds, and since when we listen.

        `pod`: a uid; of that Pod alone.
        """
        now = self._clock()
        wanted = {pod} & self._last.keys() if pod else self._last
        return {
            "listeningSeconds": round(now - self._since, 3),
            "heartbeats": [
                {
                    "pod": pod_uid,
                    "namespace": received.prefix.namespace,
                    "run": received.prefix.run_uid,
                    "stage": received.prefix.stage,
                    "attempt": received.prefix.attempt,
                    "ageSeconds": round(now - received.at, 3),
                    "done": received.heartbeat.done,
                    "total": received.heartbeat.total,
                    "note": received.heartbeat.note,
                }
                for pod_uid, received in ((uid, self._last[uid]) for uid in wanted)
            ],
        }
