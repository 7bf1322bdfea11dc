"""Carry out a plan: actions, the status, what presupposes it, events, facts, questions.

In this order, and what fails leaves the rest undone: the object is decided about again from what
is there. A status that may wait is as good as written here; `afterwards` makes it urgent.
"""

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from stagework.api.resources import ObjectRef
from stagework.cluster.apply import Applier, Outdated, Refused
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.events import EventPoster
from stagework.controllers.controller import Controller, Key
from stagework.controllers.memory import Memory
from stagework.controllers.status_writer import Waits, Written
from stagework.controllers.work_queue import WorkQueue
from stagework.plans.plan import Action, Answer, Plan
from stagework.plans.refusals import RECONCILE_SECONDS

log = logging.getLogger(__name__)


class Performer:
    """Performs the plans of all kinds; raises ApiError, NotLeading or Outdated."""

    def __init__(
        self,
        applier: Applier,
        memory: Memory,
        queue: WorkQueue[Key],
        events: EventPoster,
    ) -> None:
        self._applier = applier
        self._memory = memory
        self._queue = queue
        self._events = events

    async def perform(
        self,
        key: Key,
        controller: Controller[Any],
        known: OwnObject,
        plan: Plan[Any],
        now: datetime,
    ) -> None:
        """Carry out what was decided at `now` about an object as it was `known` then."""
        meta = known.metadata
        target = controller.kind.ref(meta.namespace, meta.name, meta.uid, meta.resourceVersion)
        for action in plan.actions:
            await self._perform(key, target, action)
        await self._write_status(key, controller, target, plan)
        for action in plan.afterwards:
            await self._perform(key, target, action)
        self._notify(key, target, plan)
        controller.record(plan.facts)
        for question in plan.questions:
            self._memory.lookups.ask(key, target, question, controller.answer)
        if plan.wake_at is not None:
            self._queue.add_after(key, (plan.wake_at - now).total_seconds())

    async def refuse(self, nobody: ObjectRef, answers: Iterable[Answer]) -> None:
        """Answer requests that aim at an object that does not exist."""
        for answer in answers:
            await self._applier.perform(nobody, answer)

    async def _perform(self, key: Key, target: ObjectRef, action: Action) -> None:
        try:
            await self._applier.perform(target, action)
        except Refused as error:
            self._memory.refusals.remember(target.uid, error.purpose, error.refusal)
            self._queue.add_after(key, RECONCILE_SECONDS)
            raise Outdated(str(error)) from error

    async def _write_status(
        self, key: Key, controller: Controller[Any], target: ObjectRef, plan: Plan[Any]
    ) -> None:
        outcome = await self._memory.statuses.write(controller.kind, target, plan)
        match outcome:
            case Written(known, status):
                controller.stored(known, status)
                if plan.again_once_stored:
                    self._queue.add(key)
            case Waits(seconds):
                self._queue.add_after(key, seconds)
            case None:
                pass

    def _notify(self, key: Key, target: ObjectRef, plan: Plan[Any]) -> None:
        for event in plan.events:
            self._events.post(target, event)
            level = logging.WARNING if event.type == "Warning" else logging.INFO
            log.log(level, "%s: %s: %s", key, event.reason, event.message)
