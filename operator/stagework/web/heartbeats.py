"""Heartbeats of stage Pods, in memory: the last one of each Pod.

The receiver says since when it listens: whoever draws conclusions from silence must know how
long there was an ear.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from stagework.web.artifact_path import Prefix

KEPT_SECONDS: Final = 3600.0
"""A Pod that has been silent for so long is forgotten."""
KEPT_MAX: Final = 20_000
"""More Pods than this are not remembered; the longest silent go first."""
BODY_MAX_BYTES: Final = 4096
"""A heartbeat is small."""

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Beat(msgspec.Struct, frozen=True):
    """How far a stage is; all fields are optional."""

    done: _Count | None = None
    total: _Count | None = None
    note: Annotated[str, msgspec.Meta(max_length=1024)] = ""


@dataclass(frozen=True)
class _Heard:
    at: float
    prefix: Prefix
    beat: Beat


class Heartbeats:
    """The last heartbeat of each Pod."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since = clock()
        self._heard: dict[str, _Heard] = {}

    def hear(self, prefix: Prefix, beat: Beat) -> None:
        """A heartbeat came; it moves to the end, so that the longest silent are in front."""
        self._heard.pop(prefix.pod_uid, None)
        self._heard[prefix.pod_uid] = _Heard(self._clock(), prefix, beat)
        limit = self._clock() - KEPT_SECONDS
        while len(self._heard) > KEPT_MAX or next(iter(self._heard.values())).at < limit:
            del self._heard[next(iter(self._heard))]

    def report(self) -> dict[str, object]:
        """Everything that was heard, with ages in seconds, and since when we listen."""
        now = self._clock()
        return {
            "listeningSeconds": round(now - self._since, 3),
            "heartbeats": [
                {
                    "pod": pod,
                    "namespace": each.prefix.namespace,
                    "run": each.prefix.run_uid,
                    "stage": each.prefix.stage,
                    "attempt": each.prefix.attempt,
                    "ageSeconds": round(now - each.at, 3),
                    "done": each.beat.done,
                    "total": each.beat.total,
                    "note": each.beat.note,
                }
                for pod, each in self._heard.items()
            ],
        }
