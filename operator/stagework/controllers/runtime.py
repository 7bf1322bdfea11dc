"""One running operator: its client, its cache of the cluster, its Lease, and the engine."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from prometheus_client import CollectorRegistry

from stagework import wiring
from stagework.alerts.apprise_sink import AppriseSink
from stagework.alerts.remembered import Sink
from stagework.api.kinds import INTERVENTION, KINDS, PIPELINE, Kind
from stagework.cluster.apply import Applier
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.cache.selections import objects_of
from stagework.cluster.client import connection
from stagework.cluster.client.errors import ApiError
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.client.throttles import Throttles
from stagework.cluster.events import EventPoster
from stagework.cluster.lease import Lease
from stagework.cluster.steady_clock import SteadyClock, boot_id
from stagework.controllers.clocks import Clocks
from stagework.controllers.controller import Controller, Key
from stagework.controllers.engine import Engine
from stagework.controllers.facts.metrics import FactMetrics
from stagework.controllers.facts.poster import Poster
from stagework.controllers.facts.spool import Spool
from stagework.controllers.liveness import Liveness
from stagework.controllers.metrics import Metrics
from stagework.controllers.registry import Parts, build_controllers
from stagework.controllers.work_queue import WorkQueue
from stagework.service_client.batches import BatchBook, ServiceBatches
from stagework.service_client.checks import PartChecks, ServiceChecks
from stagework.service_client.facts import FactStore, ServiceFacts
from stagework.service_client.heartbeats import HeartbeatReader, ServiceHeartbeats
from stagework.service_client.logs import LogKeeper, ServiceLogs
from stagework.service_client.results import ResultStore, ServiceResults
from stagework.settings import Settings

log = logging.getLogger(__name__)

WATCHED_BY_KOPF: Final = (PIPELINE, INTERVENTION)
"""Those of our kinds that kopf watches. PipelineJobs change several times a stage and are many:
through kopf each costs more CPU and memory (docs/performance.md). They have a watch of our own,
like Jobs and Pods."""


@dataclass(frozen=True)
class Build:
    """What an operator is made of, where it differs from the usual (tests)."""

    target: connection.Target | None = None
    """The API server; found where absent."""
    results: ResultStore | None = None
    """Who knows what attempts have left; the API service where absent."""
    logs: LogKeeper | None = None
    """Who keeps logs of attempts that failed; the API service where absent."""
    heartbeats: HeartbeatReader | None = None
    """Who hears of Pods; the API service where absent."""
    checks: PartChecks | None = None
    """Who says how the stores are; the API service where absent."""
    receivers: Sink | None = None
    """Who brings alerts to people; those of the mounted Secret where absent."""
    book: BatchBook | None = None
    """Who keeps the lists of batches; the API service where absent."""
    facts: FactStore | None = None
    """Who keeps history; the API service where absent."""
    clocks: Clocks = field(default_factory=Clocks)
    kinds: tuple[Kind, ...] = KINDS
    controllers: Callable[[Parts], Sequence[Controller[Any]]] = build_controllers
    watched_by_kopf: tuple[Kind, ...] = WATCHED_BY_KOPF
    """Kinds whose changes are brought by `Runtime.offer`."""


class Runtime:
    """Built once a process; `run` until cancelled."""

    def __init__(
        self, settings: Settings, registry: CollectorRegistry, build: Build | None = None
    ) -> None:
        build = build or Build()
        clock = build.clocks
        me = wiring.identity()
        self._time_of_day = SteadyClock(
            clock.wall_clock, clock.boot, machine=boot_id(), on_jump=_jumped
        )
        self.watched_by_kopf = build.watched_by_kopf
        self.metrics = Metrics(registry, me.version)
        self.registry = registry
        target = self.target = build.target or connection.find()
        self._api = KubeApi(
            target,
            throttles=Throttles(settings.engine.requestsPerSecond, clock=clock.monotonic),
            guard=self._guard,
            hooks=self.metrics,
            clock=clock.monotonic,
        )
        # A pool of its own: a renewal never waits behind other requests.
        self._lease_api = KubeApi(target, clock=clock.monotonic)
        self._lease = self._contest(settings.releaseNamespace, me.name, clock)
        self.cache = Cache(
            self._api,
            settings.namespaces,
            external=[kind.resource for kind in build.watched_by_kopf],
            on_problem=_problem,
            clock=clock.monotonic,
        )
        self._events = EventPoster(self._api, me.name, self._time_of_day)
        self.queue: WorkQueue[Key] = WorkQueue(clock.monotonic)
        fact_metrics = FactMetrics(registry)
        self._spool = Spool(settings.history.spoolFacts, fact_metrics.dropped)
        facts = build.facts or ServiceFacts(settings.api.url, wiring.operator_token)
        self._poster = Poster(facts, self._spool, fact_metrics)
        self.engine = self._engine(settings, build)
        self._liveness = Liveness(self.cache, self.queue, self._lease, clock.boot)
        self._ready = False

    def _contest(self, namespace: str, identity: str, clock: Clocks) -> Lease:
        return Lease(
            self._lease_api,
            namespace=namespace,
            name=wiring.LEASE_NAME,
            identity=identity,
            on_started=lambda: self.metrics.leads(now=True),
            on_stopped=lambda: self.metrics.leads(now=False),
            on_problem=_problem,
            clock=clock.boot,
            time_of_day=self._time_of_day,
        )

    def _engine(self, settings: Settings, build: Build) -> Engine:
        clock, now = build.clocks, self._time_of_day
        url, token = settings.api.url, wiring.operator_token
        beats = settings.api.heartbeats
        parts = Parts(
            settings=settings,
            api=self._api,
            cache=self.cache,
            results=build.results or ServiceResults(url, token),
            logs=build.logs or ServiceLogs(url, token),
            heartbeats=build.heartbeats or ServiceHeartbeats(beats, token, now),
            checks=build.checks or ServiceChecks(url, token),
            receivers=build.receivers
            or AppriseSink(timeout_seconds=settings.alerts.timeoutSeconds),
            book=build.book or ServiceBatches(url, token),
            spool=self._spool,
            poster=self._poster,
            registry=self.registry,
            wake=self.queue.add,
            wall_clock=now,
            clock=clock.monotonic,
        )
        self.controllers = build.controllers(parts)
        reads = (selection for controller in self.controllers for selection in controller.reads)
        for selection in (*map(objects_of, build.kinds), *reads):
            self.cache.hold(selection)
        return Engine(
            self.cache,
            Applier(self._api, self.cache),
            self.controllers,
            self.queue,
            events=self._events,
            metrics=self.metrics,
            workers=settings.engine.workers,
            clock=clock.monotonic,
            wall_clock=self._time_of_day,
        )

    async def run(self) -> None:
        """Watch, contend for the Lease, and act while it is held."""
        async with self._api, self._lease_api, asyncio.TaskGroup() as group:
            group.create_task(self._lease.run())
            group.create_task(self.cache.run())
            await self._list_external()
            await self.cache.synced()
            self._ready = True
            log.info("all first lists are complete")
            group.create_task(self._events.run())
            group.create_task(self._poster.run())
            await self._act()

    def offer(self, kind: Kind, known: OwnObject, *, deleted: bool) -> None:
        """An object of ours as kopf's watch has brought it."""
        self.cache.offer(objects_of(kind), known.metadata.namespace, known, deleted=deleted)

    async def cut_off(self) -> None:
        """Not one more request leaves this process, as if it had died (for tests)."""
        await self._api.close()
        await self._lease_api.close()

    def fault(self) -> str:
        """Why this process makes no progress; empty while it does. The liveness probe asks."""
        return self._liveness.fault(ready=self._ready)

    async def _act(self) -> None:
        """Lead whenever the Lease is ours; stop deciding the moment it is not."""
        while True:
            await self._lease.acquired.wait()
            log.info("this process leads")
            leading = asyncio.create_task(self.engine.lead())
            try:
                while self._lease.acquired.is_set() and not leading.done():  # noqa: ASYNC110
                    await asyncio.sleep(0.5)
                if leading.done():
                    await leading
            finally:
                leading.cancel()
                await asyncio.gather(leading, return_exceptions=True)
            log.warning("this process does not lead any more")

    async def _list_external(self) -> None:
        while True:
            try:
                await self.cache.list_external()
            except (ApiError, msgspec.DecodeError) as error:
                log.warning("our own kinds cannot be listed yet: %s", error)
                await asyncio.sleep(2)
            else:
                return

    def _guard(self) -> None:
        self._lease.guard()


def _problem(sentence: str, error: Exception) -> None:
    log.warning("%s: %s", sentence, error)


def _jumped(seconds: float) -> None:
    log.warning(
        "this machine's clock was set by %+.0f s; what is decided goes on by seconds since boot",
        seconds,
    )
