"""Who is before a run in the queues of its machines, and when its turn comes, for who follows it.

To play a queue out takes a moment, so that is done once for all readers who may list the same, one
after the other in the thread of the boards, and for a run not more often than every
`PLAYED_SECONDS`. Its places are those of now in any case.
"""

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stagework.api.pipelinejob import PipelineJob
from stagework.overview.queue.slot_waits import SlotWait, at_places, slot_waits
from stagework.overview.standing import queue_places
from stagework.web.queue.live_rows import LiveRows, Reading
from stagework.web.queue.made_once import MadeOnce
from stagework.web.queue.readers import Readers
from stagework.web.user import User

PLAYED_SECONDS: Final = 10.0
"""What was played out for a run is shown for so long."""
_KEPT: Final = 256
_Key = tuple[str, frozenset[tuple[str, str]], frozenset[str]]
"""The run's uid, which of its stages wait for which machines, what the reader may list."""


@dataclass(frozen=True, slots=True)
class _Played:
    seq: int
    """Of the reading."""
    waits: tuple[SlotWait, ...]


class RunWaits:
    """Plays them out, and keeps the last ones."""

    def __init__(
        self,
        live: LiveRows,
        readers: Readers,
        thread: Executor,
        clock: Callable[[], float],
        wall_clock: Callable[[], datetime],
    ) -> None:
        self._live = live
        self._readers = readers
        self._thread = thread
        self._wall_clock = wall_clock
        self._played: MadeOnce[_Key, _Played] = MadeOnce(_KEPT, clock, PLAYED_SECONDS)

    async def of(
        self, user: User, run: PipelineJob
    ) -> tuple[tuple[SlotWait, ...], tuple[object, ...]]:
        """Among the runs that the reader may list, and what names that answer beside the run."""
        places = queue_places(run.status.stages)
        if not places:
            return (), ()
        reading = await self._live.read()
        visible = await self._readers.visible(user, reading.namespaces)
        waiting = frozenset((place.stage, place.machine) for place in places)
        played = await self._played.get(
            (run.metadata.uid, waiting, visible),
            reading.seq,
            lambda: self._play(run, reading, visible),
        )
        return at_places(played.waits, places), (played.seq, sorted(visible))

    async def _play(self, run: PipelineJob, reading: Reading, visible: frozenset[str]) -> _Played:
        now = self._wall_clock()

        def played() -> tuple[SlotWait, ...]:
            rows = [work for work in reading.rows if work.namespace in visible]
            return slot_waits(run, rows, now, _draws_for(run))

        waits = await asyncio.get_running_loop().run_in_executor(self._thread, played)
        return _Played(reading.seq, waits)


def _draws_for(run: PipelineJob) -> random.Random:
    """The same answer for the same run: chance has its seed."""
    return random.Random(f"{run.metadata.uid}/{run.metadata.resourceVersion}")  # noqa: S311
