"""The board of one reader: from the rows of those namespaces whose runs the reader may list.

Readers who may list the same get the same board, made once for each reading, one after the other
in a thread of its own: who looks at boards takes nothing from heartbeats and files.
"""

import asyncio
import hashlib
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from stagework.api.kinds import PIPELINEJOB
from stagework.overview.queue.board import Board, Seen, board
from stagework.overview.queue.failed import FailedItem, failed_items
from stagework.overview.queue.hours import window
from stagework.overview.queue.machines import machine_states
from stagework.overview.queue.past import Past
from stagework.overview.queue.places import Places
from stagework.overview.queue.small import shortened_board
from stagework.overview.queue.work import Work
from stagework.overview.run_page import RunPage, run_page
from stagework.plans.pipelinejob.snapshot import Resolved
from stagework.settings import Settings
from stagework.web.errors import forbidden
from stagework.web.queue.live_rows import LiveRows, Reading
from stagework.web.queue.made_once import MadeOnce
from stagework.web.queue.readers import Readers
from stagework.web.queue.remembered_past import RememberedPast
from stagework.web.queue.run_waits import RunWaits
from stagework.web.user import User

_BOARDS_KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class View:
    """What a reader wants to see of all that may be seen."""

    namespace: str = ""
    """Empty: all that the reader may list."""
    pipeline: str = ""
    """Empty: all."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A board, and what names it: the same name, the same picture."""

    board: Board
    etag: str


@dataclass(frozen=True, slots=True)
class RunPicture:
    """A run's page, and what names it, likewise: ages in it go on."""

    page: RunPage
    etag: str


class Boards:
    """Makes boards, and keeps the last ones."""

    def __init__(
        self,
        live: LiveRows,
        readers: Readers,
        past: RememberedPast,
        settings: Settings,
        *,
        clock: Callable[[], float],
        wall_clock: Callable[[], datetime],
    ) -> None:
        """`clock`: seconds, any start."""
        self._live = live
        self._readers = readers
        self._past = past
        self._settings = settings
        self._wall_clock = wall_clock
        self._places = places_of(settings)
        self._epoch = uuid.uuid4().hex
        self._thread = ThreadPoolExecutor(1, "boards")
        self._made: MadeOnce[tuple[View, frozenset[str]], Picture] = MadeOnce(_BOARDS_KEPT, clock)
        self._waits = RunWaits(live, readers, self._thread, clock, wall_clock)

    async def picture(self, user: User, view: View) -> Picture:
        """The board of this reader; raises ProblemError where nothing of it may be seen."""
        reading, visible = await self._visible(user, view)
        key = (view, visible)
        return await self._made.get(key, reading.seq, lambda: self._picture(reading, view, visible))

    async def failed(self, user: User, view: View) -> tuple[FailedItem, ...]:
        """What has failed of it."""
        reading, visible = await self._visible(user, view)
        return failed_items(_rows(reading, view, visible), self._places)

    async def run_picture(self, user: User, namespace: str, name: str) -> RunPicture | None:
        """A run as it is now, for who may get it; None where there is none that we understand."""
        run = await self._live.run(namespace, name)
        if run is None:
            return None
        resolved = Resolved([*await self._live.stages_of(run)], None)
        retries = {stage.name: stage.retries + 1 for stage in resolved.stages}
        waits, known_by = await self._waits.of(user, run)
        page = run_page(run, resolved.dependencies, retries, self._wall_clock(), waits)
        return RunPicture(page, _etag_of(self._epoch, run.metadata.resourceVersion, known_by))

    async def past(self, user: User, view: View) -> Past | None:
        """What was done and came, as history tells it; None while it is away."""
        _, visible = await self._visible(user, view)
        span = window(self._wall_clock(), self._settings.queue.zone)
        return await self._past.of(visible, view.pipeline, span)

    async def _visible(self, user: User, view: View) -> tuple[Reading, frozenset[str]]:
        if view.namespace:
            await self._readers.require(user, view.namespace)
        reading = await self._live.read()
        known = reading.namespaces | await self._past.namespaces()
        wanted = {view.namespace} if view.namespace else known
        visible = await self._readers.visible(user, wanted)
        if wanted and not visible:
            raise forbidden(
                f"you may not list {PIPELINEJOB.plural} in any namespace that has some",
                "ask for a role with that right, such as stagework-view",
            )
        return reading, visible

    def _etag(self, reading: Reading, view: View, visible: frozenset[str]) -> str:
        return _etag_of(self._epoch, reading.seq, view.namespace, view.pipeline, sorted(visible))

    async def _picture(self, reading: Reading, view: View, visible: frozenset[str]) -> Picture:
        now = self._wall_clock()
        seen = await self._seen(reading, view, visible, now)
        # Tens of thousands of rows take a moment, in which others have their turn.
        made = await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: shortened_board(board(seen, now))
        )
        numbered = replace(made, epoch=self._epoch, seq=reading.seq)
        return Picture(numbered, self._etag(reading, view, visible))

    async def _seen(
        self, reading: Reading, view: View, visible: frozenset[str], now: datetime
    ) -> Seen:
        queue, nodes = self._settings.queue, reading.nodes
        past = await self._past.of(visible, view.pipeline, window(now, queue.zone))
        return Seen(
            rows=_rows(reading, view, visible),
            places=self._places,
            zone=queue.zone,
            zone_name=queue.timeZone,
            machines=None if nodes is None else machine_states(self._settings.fleet, nodes),
            past=past,
            background=await self._past.background(visible, now),
            nights=await self._past.nights(visible, view.pipeline, now, queue.zone),
            background_machines=queue.backgroundMachines,
            history_away_since=self._past.away_since,
        )


def _etag_of(*words: object) -> str:
    return f'W/"{hashlib.sha256(repr(words).encode()).hexdigest()[:32]}"'


def places_of(settings: Settings) -> Places:
    """The settings' map of stages to machines."""
    return Places(settings.fleet, settings.queue.pools)


def _rows(reading: Reading, view: View, visible: frozenset[str]) -> list[Work]:
    return [
        work
        for work in reading.rows
        if work.namespace in visible and view.pipeline in ("", work.pipeline)
    ]
