"""One running operator: its client, its copies of the cluster, its Lease, and the engine."""

import asyncio
import logging
from collections.abc import Collection
from typing import Final

from prometheus_client import CollectorRegistry

from stagework import wiring
from stagework.cluster import connection
from stagework.cluster.apply import Applier
from stagework.cluster.errors import ApiError
from stagework.cluster.event_poster import EventPoster
from stagework.cluster.kubeapi import KubeApi
from stagework.cluster.lease import Lease
from stagework.cluster.observe import INTERVENTIONS, PIPELINES, Key, Observer
from stagework.cluster.throttle import Throttle
from stagework.controllers.clocks import Clocks
from stagework.controllers.engine import Engine
from stagework.controllers.liveness import Liveness
from stagework.controllers.metrics import Metrics
from stagework.controllers.revisions import Revisions
from stagework.service_client.results import ResultStore, ServiceResults
from stagework.settings import Settings

log = logging.getLogger(__name__)

KOPF_KINDS: Final = (PIPELINES, INTERVENTIONS)
"""Those of our kinds that kopf watches. PipelineJobs change several times a stage and are many:
through kopf each costs more CPU and memory (docs/performance.md). They have a watch of our own,
like Jobs and Pods."""


class Runtime:
    """Built once a process; `run` until cancelled."""

    def __init__(
        self,
        settings: Settings,
        registry: CollectorRegistry,
        *,
        target: connection.Target | None = None,
        results: ResultStore | None = None,
        clocks: Clocks | None = None,
        kopf_kinds: Collection[str] = KOPF_KINDS,
    ) -> None:
        """`target` and `results`: the API server and service, found by themselves where absent.

        `kopf_kinds`: those of our kinds whose changes are told by `observer.take_own`.
        """
        self._settings = settings
        self.kopf_kinds = tuple(kopf_kinds)
        clock = self._clocks = clocks or Clocks()
        me = wiring.identity()
        self.metrics = Metrics(registry, me.version, wall=clock.wall)
        self._api = KubeApi(
            target or connection.find(),
            throttle=Throttle(settings.engine.requestsPerSecond, clock=clock.monotonic),
            guard=self._guard,
            hooks=self.metrics,
            clock=clock.monotonic,
        )
        # A pool of its own: a renewal never waits behind other requests.
        self._lease_api = KubeApi(target or connection.find(), clock=clock.monotonic)
        self._lease = Lease(
            self._lease_api,
            namespace=settings.releaseNamespace,
            name=wiring.LEASE_NAME,
            identity=me.name,
            on_started=lambda: self._leading(now=True),
            on_stopped=lambda: self._leading(now=False),
            on_problem=_problem,
            clock=clock.boot,
            wall=clock.wall,
        )
        self.observer = Observer(
            self._api,
            settings.namespaces,
            self._dirty,
            self._nodes,
            on_problem=_problem,
            told_kinds=kopf_kinds,
            is_over=self._is_over,
            clock=clock.monotonic,
        )
        self._events = EventPoster(self._api, me.name, clock.wall)
        self.engine = Engine(
            self.observer,
            Applier(self._api, self.observer),
            events=self._events,
            results=results or ServiceResults(settings.api.url, wiring.operator_token),
            revisions=Revisions(self._api, settings.namespaces),
            settings=wiring.plan_settings(settings),
            metrics=self.metrics,
            workers=settings.engine.workers,
            clock=clock.monotonic,
            wall=clock.wall,
        )
        self._ready = False
        self._liveness = Liveness(self.observer, self.engine.queue, self._lease, clock.boot)

    async def run(self) -> None:
        """Watch, contend for the Lease, and act while it is held."""
        async with self._api, self._lease_api, asyncio.TaskGroup() as group:
            group.create_task(self._lease.run())
            group.create_task(self.observer.follow())
            await self._list_told()
            await self.observer.synced()
            self._ready = True
            log.info("all first lists are complete: %d runs", len(self.observer.runs()))
            group.create_task(self._events.run())
            await self._act()

    async def cut_off(self) -> None:
        """Not one more request leaves this process, as if it had died (for tests)."""
        await self._api.close()
        await self._lease_api.close()

    def fault(self) -> str:
        """Why this process makes no progress; empty while it does. The liveness probe asks."""
        return self._liveness.fault(ready=self._ready)

    async def _act(self) -> None:
        """Lead whenever the Lease is ours; stop planning the moment it is not."""
        while True:
            await self._lease.acquired.wait()
            log.info("this process leads")
            leading = asyncio.create_task(self.engine.lead())
            while self._lease.acquired.is_set() and not leading.done():  # noqa: ASYNC110
                await asyncio.sleep(0.5)
            if leading.done():
                await leading
            leading.cancel()
            await asyncio.gather(leading, return_exceptions=True)
            log.warning("this process does not lead any more")

    async def _list_told(self) -> None:
        while True:
            try:
                await self.observer.list_told()
            except ApiError as error:
                log.warning("our own kinds cannot be listed yet: %s", error)
                await asyncio.sleep(2)
            else:
                return

    def _guard(self) -> None:
        self._lease.guard()

    def _leading(self, *, now: bool) -> None:
        self.metrics.leads(now=now)

    def _dirty(self, key: Key) -> None:
        self.engine.queue.add(key)

    def _is_over(self, run_uid: str, stage: str, attempt: str) -> bool:
        return self.engine.is_over(run_uid, stage, attempt)

    def _nodes(self) -> None:
        if self._ready:
            self.engine.nodes_changed()


def _problem(sentence: str, error: Exception) -> None:
    log.warning("%s: %s", sentence, error)
