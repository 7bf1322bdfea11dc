"""Which namespaces have a quota that refuses what is due? Work that is due goes before look-ahead.

One run learns of it, and what is held ahead of its turn may be another's: so it is remembered for
the namespace, a while longer than the refused stage needs to try again.
"""

from collections.abc import Callable

from stagework.api.pipelinejob import PipelineJobStatus
from stagework.cluster.cache.cache import Cache
from stagework.controllers.controller import Key
from stagework.controllers.pipelinejobs.triggers import RUNS, key_of
from stagework.plans.pipelinejob.causes import SHORT, over_quota


class Shortages:
    """By namespace; `clock` in seconds that nobody sets."""

    def __init__(
        self, cache: Cache, wake: Callable[[Key], None], clock: Callable[[], float]
    ) -> None:
        self._cache = cache
        self._wake = wake
        self._clock = clock
        self._until: dict[str, tuple[str, float]] = {}

    def note(self, namespace: str, status: PipelineJobStatus) -> None:
        """A run stands so; where a quota refuses what is due, all others give way at once."""
        refused = next((stage for stage in status.stages if over_quota(stage)), None)
        if refused is None:
            return
        is_news = not self.of(namespace)
        self._until[namespace] = (refused.message, self._clock() + SHORT.total_seconds())
        for run in self._cache.all(RUNS) if is_news else ():
            if run.metadata.namespace == namespace and not run.is_tombstone:
                self._wake(key_of(run))

    def of(self, namespace: str) -> str:
        """The API server's sentence about the quota; empty where none refuses anything now."""
        message, until = self._until.get(namespace, ("", 0.0))
        if message and until <= self._clock():
            del self._until[namespace]
            return ""
        return message

    def forget_old(self) -> None:
        """What is over is not kept."""
        for namespace in tuple(self._until):
            self.of(namespace)

    def forget_all(self) -> None:
        """Leadership begins anew."""
        self._until.clear()
