"""The reconcile loop of all kinds: key -> view -> plan -> writes, by a few workers on one queue.

Nothing is decided before every first list is complete and the Lease is held; when the Lease is
lost, deciding stops at once. What differs from kind to kind is in its controller, what is thought
in stagework.plans, what is done in the performer.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from stagework.cluster.apply import Applier, Outdated
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.client.errors import ApiError, NamespaceTerminating
from stagework.cluster.events import EventPoster
from stagework.cluster.lease import NotLeading
from stagework.controllers.controller import Controller, Key, View
from stagework.controllers.dispatch import dispatch
from stagework.controllers.lookups import Lookups
from stagework.controllers.memory import Memory
from stagework.controllers.metrics import Metrics
from stagework.controllers.objects import Objects
from stagework.controllers.performer import Performer
from stagework.controllers.refusals import Refusals
from stagework.controllers.requests import requests_for
from stagework.controllers.status_writer import StatusWriter
from stagework.controllers.work_queue import WorkQueue
from stagework.plans.interventions import refuse_all
from stagework.plans.status_writes import LONGEST_MERGE_SECONDS
from stagework.policies.interventions import TARGET_NOT_FOUND

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
        wall: Callable[[], datetime],
    ) -> None:
        self._cache = cache
        self._own = Objects(cache, applier, controllers)
        self._controllers = {controller.kind.kind: controller for controller in controllers}
        self._queue = queue
        self._memory = Memory(
            StatusWriter(
                applier,
                at_work=lambda: sum(controller.at_work() for controller in controllers),
                queue_latency=queue.latency_seconds,
                clock=clock,
            ),
            Refusals(clock),
            Lookups(queue.add, queue.add_after),
        )
        self._performer = Performer(applier, self._memory, queue, events, metrics)
        self._reconciled = metrics.reconciled
        self._workers = workers
        self._clock = clock
        self._wall = wall
        self._uids: dict[Key, str] = {}
        dispatch(cache, controllers, queue.add)

    async def lead(self) -> None:
        """Decide and act until cancelled; the caller holds the Lease, and the cache is complete."""
        self._queue.serve()
        self._memory.forget_all()
        for controller in self._controllers.values():
            await controller.before_first_decision()
        for key, known in self._own.all():
            if not known.is_tombstone:
                self._queue.add(key)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._work())
            for controller in self._controllers.values():
                for work in controller.background():
                    group.create_task(work)

    async def _work(self) -> None:
        while True:
            key = await self._queue.get()
            began = self._clock()
            try:
                await self._reconcile(key)
                self._queue.succeeded(key)
            except Outdated as error:
                log.debug("%s: decided again: %s", key, error)
                self._retry(key)
            except NotLeading:
                self._retry(key, first_seconds=1.0)
            except NamespaceTerminating:
                self._leave_namespace_alone(key)
            except ApiError as error:
                log.warning("%s: %s", key, error)
                self._retry(key, first_seconds=0.5)
            except Exception:
                # One bad object must never stop the others.
                log.exception("%s: cannot be reconciled", key)
                self._retry(key, first_seconds=5.0, longest_seconds=300.0)
            finally:
                self._queue.done(key)
                self._reconciled(self._clock() - began)
            # Where nothing was written nothing was waited for: watches and Lease have their turn.
            await asyncio.sleep(0)

    async def _reconcile(self, key: Key) -> None:
        controller = self._controllers[key.kind]
        known = self._own.named(key)
        if known is None:
            await self._without_object(key, controller)
            return
        if self._memory.is_terminating(known):
            return
        if known.is_tombstone and (known := await self._own.reload(controller, known)) is None:
            return  # the watch will say so
        self._note_uid(key, known.metadata.uid)
        now = self._wall()
        try:
            plan = await controller.decide(self._view(key, controller, known), now)
        except ValidationError as error:
            fault = f"{error.errors()[0]['loc']}: {error.errors()[0]['msg']}"
            if (plan := controller.unreadable(known, fault, now)) is None:
                return
        await self._performer.perform(key, controller, known, plan, now)
        if plan.nothing_to_come and plan.status is None:
            self._memory.evict(known.metadata.uid)
            controller.forget(known.metadata.uid)
            self._own.evict(controller, known)
        elif plan.nothing_to_come:
            self._queue.add_after(key, LONGEST_MERGE_SECONDS)  # once more, as it is stored then

    def _view(self, key: Key, controller: Controller[Any], known: OwnObject) -> View[Any]:
        meta, memory = known.metadata, self._memory
        return View(
            known,
            unwritten=memory.statuses.unwritten(controller.kind, meta.uid, meta.resourceVersion),
            interventions=requests_for(self._cache, key),
            answers=memory.lookups.answers(meta.uid),
            refusals=memory.refusals.believed(meta.uid),
        )

    async def _without_object(self, key: Key, controller: Controller[Any]) -> None:
        """It is gone, or was never there: nobody else answers requests that aim at it."""
        nobody = controller.kind.ref(key.namespace, key.name)
        requests = requests_for(self._cache, key)
        await self._performer.refuse(nobody, refuse_all(requests, TARGET_NOT_FOUND, self._wall()))
        self._note_uid(key, "")

    def _note_uid(self, key: Key, uid: str) -> None:
        """One of that name that is gone holds nothing any more, also where a new one has come."""
        old = self._uids.pop(key, uid)
        if uid:
            self._uids[key] = uid
        if old != uid:
            self._memory.forget(old)
            self._controllers[key.kind].forget(old)
            self._controllers[key.kind].release(old)

    def _leave_namespace_alone(self, key: Key) -> None:
        """A namespace is being deleted: nothing is decided for its objects any more."""
        named = self._own.named(key)
        if named is None or self._memory.is_terminating(named):
            return
        log.info("namespace %s is being deleted: its objects are left alone", key.namespace)
        for other, known in self._own.all():
            if other.namespace == key.namespace:
                self._memory.leave_alone(known)
                self._controllers[other.kind].release(known.metadata.uid)

    def _retry(self, key: Key, **pauses: float) -> None:
        known = self._own.named(key)
        if known is not None:
            self._memory.statuses.drop_unwritten(known.metadata.uid)
        self._queue.retry(key, **pauses)
