"""Does this process make progress? Asked by the liveness probe; a restart must be able to mend it.

In this order: (1) the first lists come; (2) no worker hangs at one object, and none waits for a
worker without end; (3) every watch brings back what we know from elsewhere: our own writes and
the resyncs are the canary; (4) every watch brings something, bookmarks included. While the API
server itself cannot be reached nobody is at fault here: a restart would mend nothing.
"""

from collections.abc import Callable
from typing import Final

from stagework.cluster.cache.cache import Cache
from stagework.cluster.lease import Lease
from stagework.controllers.controller import Key
from stagework.controllers.work_queue import WorkQueue

START_LIMIT_SECONDS: Final = 300.0
"""The first lists must be complete after so long."""
STUCK_LIMIT_SECONDS: Final = 120.0
"""A worker that is at one object for so long is stuck, and so is a queue that nobody serves."""
LAG_LIMIT_SECONDS: Final = 120.0
"""A watch that has not brought a change for so long is dead; it mends itself after 70 s."""
SILENCE_LIMIT_SECONDS: Final = 150.0
"""A watch that has brought nothing for so long is dead; bookmarks come about once a minute."""


class Liveness:
    """Judges from what the other parts measure; `clock` in seconds, also across suspension."""

    def __init__(
        self,
        cache: Cache,
        queue: WorkQueue[Key],
        lease: Lease,
        clock: Callable[[], float],
    ) -> None:
        self._cache = cache
        self._queue = queue
        self._lease = lease
        self._clock = clock
        self._since = clock()

    def fault(self, *, ready: bool) -> str:
        """Why no progress is made, as a sentence; empty while it is made."""
        answering = self._lease.answering_seconds()
        if not ready:
            waited = min(self._clock() - self._since, answering)
            late = waited > START_LIMIT_SECONDS
            return f"first lists not complete after {waited:.0f} s" if late else ""
        stuck = self._queue.longest_reconcile_seconds()
        if stuck > STUCK_LIMIT_SECONDS:
            return f"a worker has been stuck for {stuck:.0f} s"
        waiting = self._queue.unserved_seconds()
        if waiting > STUCK_LIMIT_SECONDS and self._lease.held:
            return f"runs wait and no worker has taken one for {waiting:.0f} s"
        # A watch has to be back some time after the API server is, not at once.
        lag = min(self._cache.lag_seconds(), answering)
        if lag > LAG_LIMIT_SECONDS:
            return f"a watch has not brought back a known change for {lag:.0f} s"
        silent = min(self._cache.silence_seconds(), answering)
        if silent > SILENCE_LIMIT_SECONDS:
            return f"a watch has been silent for {silent:.0f} s"
        return ""
