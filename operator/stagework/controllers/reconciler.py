"""One reconcile of one object: find it, see what is known of it, have it decided, perform that.

In this order, with early ends: it is gone; its namespace is being deleted; it was evicted and is
read again; it cannot be read, or not be decided about; it is decided about, once more where the
API server has refused something; nothing more is to come of it.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from stagework.api.judgement import TARGET_NOT_FOUND
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.client.errors import ApiError
from stagework.cluster.lease import NotLeading
from stagework.cluster.refused import Outdated
from stagework.controllers.controller import Controller, Key, Unreadable, View
from stagework.controllers.memory import Memory
from stagework.controllers.no_decision import without_decision
from stagework.controllers.objects import Objects
from stagework.controllers.performer import Performer
from stagework.controllers.requests import requests_for
from stagework.controllers.work_queue import WorkQueue
from stagework.plans.interventions import refuse_all
from stagework.plans.plan import Action, Plan
from stagework.plans.status_writes import LONGEST_MERGE_SECONDS

log = logging.getLogger(__name__)

ROUNDS: Final = 5
"""So often an object is decided about in one reconcile: each time something else was refused."""


class Reconciler:
    """Reconciles objects of all kinds; raises ApiError, NotLeading or Outdated."""

    def __init__(
        self,
        cache: Cache,
        own: Objects,
        controllers: Sequence[Controller[Any]],
        *,
        memory: Memory,
        performer: Performer,
        queue: WorkQueue[Key],
        wall_clock: Callable[[], datetime],
    ) -> None:
        self._cache = cache
        self._own = own
        self._controllers = {controller.kind.kind: controller for controller in controllers}
        self._memory = memory
        self._performer = performer
        self._queue = queue
        self._wall_clock = wall_clock
        self._uids: dict[Key, str] = {}

    def begin(self) -> None:
        """Leadership begins: nothing is remembered, but which objects there are."""
        self._memory.forget_all()
        for key, known in self._own.all():
            self._note_uid(key, known.metadata.uid)

    async def reconcile(self, key: Key) -> None:
        """Bring one object one step further, if there is one to be taken."""
        controller = self._controllers[key.kind]
        known = self._own.named(key)
        if known is None:
            await self._without_object(key, controller)
            return
        self._note_uid(key, known.metadata.uid)
        if self._memory.is_terminating(known):
            return
        if known.is_tombstone and (known := await self._own.reload(controller, known)) is None:
            return  # the watch will say so
        await self._act(key, controller, known)

    def failed(self, key: Key) -> None:
        """What was decided upon and not written is decided again."""
        known = self._own.named(key)
        if known is not None:
            self._memory.statuses.drop_unwritten(known.metadata.uid)

    def leave_namespace_alone(self, key: Key) -> None:
        """A namespace is being deleted: nothing is decided for its objects any more."""
        named = self._own.named(key)
        if named is None or self._memory.is_terminating(named):
            return
        log.info("namespace %s is being deleted: its objects are left alone", key.namespace)
        for other, known in self._own.all():
            if other.namespace == key.namespace:
                self._memory.leave_alone(known)
                self._controllers[other.kind].release(known.metadata.uid)

    async def _act(self, key: Key, controller: Controller[Any], known: OwnObject) -> None:
        """Decide and act, and decide again where something was refused: then write the status."""
        meta, done = known.metadata, list[Action]()
        target = controller.kind.ref(meta.namespace, meta.name, meta.uid, meta.resourceVersion)
        for _ in range(ROUNDS):
            decided = await self._decide(key, controller, known)
            if decided is None:
                return
            plan, now = decided
            if not await self._performer.perform(key, target, plan.actions, done):
                await self._finish(key, controller, known, plan, now)
                return
        raise Outdated("refused again and again")

    async def _decide(
        self, key: Key, controller: Controller[Any], known: OwnObject
    ) -> tuple[Plan[Any], datetime] | None:
        try:
            prepared = await controller.prepare(known)
            # Only now: nothing that follows waits, so what is seen is what is decided upon.
            now = self._wall_clock()
            return controller.decide(self._view(key, controller, known, prepared), now), now
        except (ApiError, NotLeading):
            raise
        except Exception as error:
            now = self._wall_clock()
            plan = without_decision(self._cache, controller, known, error, now)
            if isinstance(error, Unreadable):
                return None if plan is None else (plan, now)
            if plan is not None:
                await self._performer.finish(key, controller, known, plan, now)
            raise

    async def _finish(
        self,
        key: Key,
        controller: Controller[Any],
        known: OwnObject,
        plan: Plan[Any],
        now: datetime,
    ) -> None:
        uid = known.metadata.uid
        # Asked before: what is written now makes it another version than the one that is known.
        is_stored = plan.status is None and not self._memory.statuses.waits(uid)
        await self._performer.finish(key, controller, known, plan, now)
        if not plan.nothing_to_come:
            return
        if is_stored:
            self._memory.evict(uid)
            controller.forget(uid)
            self._own.evict(controller, known)
        else:
            self._queue.add_after(key, LONGEST_MERGE_SECONDS)  # once more, as it is stored then

    def _view(
        self, key: Key, controller: Controller[Any], known: OwnObject, prepared: object
    ) -> View[Any]:
        meta, memory = known.metadata, self._memory
        return View(
            known,
            prepared,
            unwritten=memory.statuses.unwritten(controller.kind, meta.uid, meta.resourceVersion),
            interventions=requests_for(self._cache, key),
            answers=memory.lookups.answers(meta.uid),
            refusals=memory.refusals.known(meta.uid),
            made=memory.made.view(meta.uid),
        )

    async def _without_object(self, key: Key, controller: Controller[Any]) -> None:
        """It is gone, or was never there: nobody else answers requests that aim at it."""
        self._note_uid(key, "")  # first: whatever becomes of the answers, it holds nothing
        self._queue.forget(key)
        requests = requests_for(self._cache, key)
        answers = refuse_all(requests, TARGET_NOT_FOUND, self._wall_clock())
        await self._performer.refuse(key, controller.kind.ref(key.namespace, key.name), answers)

    def _note_uid(self, key: Key, uid: str) -> None:
        """One of that name that is gone holds nothing any more, also where a new one has come."""
        old = self._uids.pop(key, uid)
        if uid:
            self._uids[key] = uid
        if old != uid:
            self._memory.forget(old)
            self._controllers[key.kind].forget(old)
            self._controllers[key.kind].release(old)
