"""The reconcile loop of all kinds: a few workers on one queue of keys, while the Lease is held.

Nothing is decided before every first list is complete and the Lease is held; when the Lease is
lost, deciding stops at once. What differs from kind to kind is in its controller, what is thought
in stagework.plans, one reconcile in the reconciler.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from stagework.cluster.apply import Applier
from stagework.cluster.cache.cache import Cache
from stagework.cluster.client.errors import ApiError, NamespaceTerminating
from stagework.cluster.events import EventPoster
from stagework.cluster.lease import NotLeading
from stagework.cluster.refused import Outdated
from stagework.controllers.controller import Controller, Key
from stagework.controllers.dispatch import dispatch
from stagework.controllers.lookups import Lookups
from stagework.controllers.memory import Memory
from stagework.controllers.metrics import Metrics
from stagework.controllers.objects import Objects
from stagework.controllers.performer import Performer
from stagework.controllers.reconciler import Reconciler
from stagework.controllers.refusals import Refusals
from stagework.controllers.status_writer import StatusWriter
from stagework.controllers.work_queue import WorkQueue

log = logging.getLogger(__name__)


class Engine:
    """Reconciles the objects of all controllers while the Lease is held."""

    def __init__(
        self,
        cache: Cache,
        applier: Applier,
        controllers: Sequence[Controller[Any]],
        queue: WorkQueue[Key],
        *,
        events: EventPoster,
        metrics: Metrics,
        workers: int,
        clock: Callable[[], float],
        wall_clock: Callable[[], datetime],
    ) -> None:
        self._controllers = controllers
        self._queue = queue
        self._metrics = metrics
        self._workers = workers
        self._clock = clock
        statuses = StatusWriter(
            applier,
            at_work=lambda: sum(controller.at_work() for controller in controllers),
            queue_latency=queue.latency_seconds,
            clock=clock,
        )
        memory = Memory(statuses, Refusals(clock), Lookups(queue.add, queue.add_after))
        self._own = Objects(cache, applier, controllers)
        self._reconciler = Reconciler(
            cache,
            self._own,
            controllers,
            memory=memory,
            performer=Performer(applier, memory, queue, events),
            queue=queue,
            wall_clock=wall_clock,
        )
        dispatch(cache, controllers, queue.add)

    async def lead(self) -> None:
        """Decide and act until cancelled; the caller holds the Lease, and the cache is complete."""
        self._queue.serve()
        self._reconciler.begin()
        try:
            for controller in self._controllers:
                await controller.before_first_decision()
            for key, known in self._own.all():
                if not known.is_tombstone:
                    self._queue.add(key)
            async with asyncio.TaskGroup() as group:
                for _ in range(self._workers):
                    group.create_task(self._work())
                for controller in self._controllers:
                    for work in controller.background():
                        group.create_task(work)
        finally:
            for controller in self._controllers:
                controller.after_last_decision()

    async def _work(self) -> None:
        while True:
            key = await self._queue.get()
            began = self._clock()
            try:
                await self._reconcile(key)
            finally:
                self._queue.done(key)
                self._metrics.reconciled(self._clock() - began)
            # Where nothing was written nothing was waited for: watches and Lease have their turn.
            await asyncio.sleep(0)

    async def _reconcile(self, key: Key) -> None:
        try:
            await self._reconciler.reconcile(key)
            self._queue.succeeded(key)
        except Outdated as error:
            log.debug("%s: decided again: %s", key, error)
            self._retry(key)
        except NotLeading:
            self._retry(key, first_seconds=1.0)
        except NamespaceTerminating:
            self._reconciler.leave_namespace_alone(key)
        except ApiError as error:
            log.warning("%s: %s", key, error)
            self._retry(key, first_seconds=0.5)
        except asyncio.CancelledError:
            self._queue.add(key)  # whoever leads next takes it up
            raise
        except Exception:
            # One bad object must never stop the others.
            log.exception("%s: cannot be reconciled", key)
            self._retry(key, first_seconds=5.0, longest_seconds=300.0)

    def _retry(self, key: Key, **pauses: float) -> None:
        self._reconciler.failed(key)
        self._queue.retry(key, **pauses)
