"""One running operator: its client, its copies of the cluster, its Lease, and the engine."""

import asyncio
import logging
from typing import Final

from prometheus_client import CollectorRegistry

from stagework import wiring
from stagework.artifacts.result_lookup import ServiceResults
from stagework.cluster import connection
from stagework.cluster.apply import Applier
from stagework.cluster.errors import ApiError
from stagework.cluster.event_poster import EventPoster
from stagework.cluster.kubeapi import KubeApi
from stagework.cluster.lease import Lease, boot_time
from stagework.cluster.observe import Key, Observer
from stagework.cluster.throttle import Throttle
from stagework.controllers.engine import Engine
from stagework.controllers.metrics import Metrics
from stagework.controllers.revisions import Revisions
from stagework.settings import Settings

log = logging.getLogger(__name__)

SILENCE_LIMIT_SECONDS: Final = 180.0
"""A watch that has brought nothing for so long, bookmarks included, is dead: restart."""
STUCK_LIMIT_SECONDS: Final = 150.0
"""A worker that is at one run for so long is stuck: restart."""
RELIST_SECONDS: Final = 60.0
"""Our own kinds are listed again this often: a lost watch event is found within this time."""


class Runtime:
    """Built once a process; `run` until cancelled."""

    def __init__(self, settings: Settings, registry: CollectorRegistry) -> None:
        self._settings = settings
        me = wiring.identity()
        self.metrics = Metrics(registry, me.version)
        self._api = KubeApi(
            connection.find(),
            throttle=Throttle(settings.engine.requestsPerSecond),
            guard=self._guard,
            hooks=self.metrics,
        )
        self._lease = Lease(
            self._api,
            namespace=settings.releaseNamespace,
            name=wiring.LEASE_NAME,
            identity=me.name,
            on_started=lambda: self._leading(now=True),
            on_stopped=lambda: self._leading(now=False),
            on_problem=_problem,
        )
        self.observer = Observer(
            self._api, settings.namespaces, self._dirty, self._nodes, on_problem=_problem
        )
        self._events = EventPoster(self._api, me.name, wiring.wall_clock)
        self.engine = Engine(
            self.observer,
            Applier(self._api, self.observer),
            self._events,
            ServiceResults(settings.api.url, wiring.operator_token),
            Revisions(self._api, settings.namespaces),
            wiring.plan_settings(settings),
            self.metrics,
            workers=settings.engine.workers,
        )
        self._ready = False
        self._since = boot_time()

    async def run(self) -> None:
        """Watch, contend for the Lease, and act while it is held."""
        async with self._api, asyncio.TaskGroup() as group:
            group.create_task(self._lease.run())
            group.create_task(self.observer.run_children())
            await self._list_own()
            await self.observer.synced()
            self._ready = True
            log.info("all first lists are complete: %d runs", len(self.observer.runs()))
            group.create_task(self._events.run())
            group.create_task(self._relist_for_ever())
            await self._act()

    def fault(self) -> str:
        """Why this process makes no progress; empty while it does. The liveness probe asks."""
        if not self._ready:
            waited = boot_time() - self._since
            return f"first lists not complete after {waited:.0f} s" if waited > 300 else ""  # noqa: PLR2004
        silent = self.observer.silence_seconds()
        if silent > SILENCE_LIMIT_SECONDS:
            return f"a watch has been silent for {silent:.0f} s"
        stuck = self.engine.queue.longest_run_seconds()
        return f"a worker has been stuck for {stuck:.0f} s" if stuck > STUCK_LIMIT_SECONDS else ""

    async def _act(self) -> None:
        """Lead whenever the Lease is ours; stop planning the moment it is not."""
        while True:
            await self._lease.acquired.wait()
            log.info("this process leads")
            leading = asyncio.create_task(self.engine.lead())
            while self._lease.acquired.is_set() and not leading.done():
                await asyncio.sleep(0.5)
            if leading.done():
                await leading
            leading.cancel()
            await asyncio.gather(leading, return_exceptions=True)
            log.warning("this process does not lead any more")

    async def _list_own(self) -> None:
        while True:
            try:
                await self.observer.list_own()
            except ApiError as error:
                log.warning("our own kinds cannot be listed yet: %s", error)
                await asyncio.sleep(2)
            else:
                return

    async def _relist_for_ever(self) -> None:
        while True:
            await asyncio.sleep(RELIST_SECONDS)
            try:
                await self.observer.list_own()
            except ApiError as error:
                log.warning("our own kinds cannot be listed: %s", error)

    def _guard(self) -> None:
        self._lease.guard()

    def _leading(self, *, now: bool) -> None:
        self.metrics.leader.set(1 if now else 0)

    def _dirty(self, key: Key) -> None:
        self.engine.queue.add(key)

    def _nodes(self) -> None:
        if self._ready:
            self.engine.nodes_changed()


def _problem(sentence: str, error: Exception) -> None:
    log.warning("%s: %s", sentence, error)
