"""Carry out a plan: actions, the status, what presupposes it, events, facts, questions.

In this order. Each action stands for itself: what the API server refuses is remembered under the
action's key and tried again after a pause, and all others are done. Where something has become
known by that the object is decided about once more before its status is written, so that no status
claims what was not done. A status that may wait is as good as written here; `afterwards` makes it
urgent, and is left undone where it could not be written.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from stagework.api import names
from stagework.api.resources import ObjectRef
from stagework.cluster.apply import Applier
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.client.errors import ApiError, NamespaceTerminating
from stagework.cluster.events import EventPoster
from stagework.cluster.lease import NotLeading
from stagework.cluster.refused import Outdated, Refused, refusal_from
from stagework.controllers.controller import Controller, Key
from stagework.controllers.memory import Memory
from stagework.controllers.status_writer import Waits, Written
from stagework.controllers.work_queue import WorkQueue
from stagework.plans.plan import (
    STATUS_WRITE,
    Action,
    ActionKey,
    Answer,
    DryRun,
    Event,
    Plan,
    Refusal,
)
from stagework.plans.refusals import MARGIN_SECONDS

log = logging.getLogger(__name__)

SAID_AFTER: Final = 3
"""An event says that a status cannot be written when it was refused so often in a row."""


class Performer:
    """Performs the plans of all kinds; raises NotLeading or NamespaceTerminating."""

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
        self, key: Key, target: ObjectRef, actions: Sequence[Action], done: list[Action]
    ) -> bool:
        """Do what was not done already; True: decide again, for more is known than before.

        `done`: what was done in this reconcile; it grows.
        """
        # Before anything waits: what runs out meanwhile must not be forgotten.
        self._come_back(key, target)
        learned = False
        for action in actions:
            if action in done or self._pause(target, action.key) > 0:
                continue
            learned = await self._try(key, target, action, done) or learned
        return learned

    async def finish(
        self,
        key: Key,
        controller: Controller[Any],
        known: OwnObject,
        plan: Plan[Any],
        now: datetime,
    ) -> None:
        """Write the status of a plan whose actions are done, and do what follows."""
        meta = known.metadata
        target = controller.kind.ref(meta.namespace, meta.name, meta.uid, meta.resourceVersion)
        # What is of no use yet must not make the status urgent.
        useful = tuple(a for a in plan.afterwards if self._pause(target, a.key) <= 0)
        plan = replace(plan, afterwards=useful) if plan.afterwards else plan
        if await self._write_status(key, controller, target, plan):
            # What is refused here is said by the next decision.
            if await self.perform(key, target, plan.afterwards, []):
                self._queue.add(key)
            self._notify(key, target, plan)
            controller.record(plan.facts)
        for question in plan.questions:
            self._memory.lookups.ask(key, target, question, controller.answer)
        if plan.wake_at is not None:
            # What follows from a status that is not stored is not due before it may be.
            wait = (plan.wake_at - now).total_seconds()
            self._queue.add_after(key, max(wait, self._pause(target, STATUS_WRITE)))

    async def refuse(self, key: Key, nobody: ObjectRef, answers: Iterable[Answer]) -> None:
        """Answer requests that aim at an object that does not exist."""
        await self.perform(key, nobody, tuple(answers), [])

    def _come_back(self, key: Key, target: ObjectRef) -> None:
        """When something that was refused may be tried again."""
        seconds = self._memory.refusals.next_due(target.uid)
        if seconds is not None:
            self._queue.add_after(key, seconds + MARGIN_SECONDS)

    def _pause(self, target: ObjectRef, action: ActionKey) -> float:
        return self._memory.refusals.pause(target.uid, action)

    async def _try(self, key: Key, target: ObjectRef, action: Action, done: list[Action]) -> bool:
        """True: more is known: it is refused now, or was and is not any more, or was a question."""
        self._queue.progressed(key)
        try:
            made = await self._applier.perform(target, action)
        except Refused as error:
            if not self._memory.made.note_refused(target.uid, action, error.refusal):
                self._remember(key, target, action.key, error.refusal)
            return True
        except (NotLeading, NamespaceTerminating):
            raise
        except Exception as error:
            # One bad action must never stop the others.
            log.exception("%s: %s cannot be done", key, action.key)
            fault = f"{type(error).__name__}: {error}"
            self._remember(key, target, action.key, Refusal("Unavailable", fault))
            return True
        done.append(action)
        if made is not None and made.adopted:
            self._queue.add(key)
        fault = self._memory.made.note_done(target.uid, action, made.uid if made else "")
        if fault:
            self._remember(key, target, action.key, Refusal("Outdated", fault))
            return False
        refused_before = self._memory.refusals.done(target.uid, action.key)
        return refused_before or isinstance(action, DryRun)

    def _remember(self, key: Key, target: ObjectRef, action: ActionKey, refusal: Refusal) -> int:
        """How often in a row it has been refused now."""
        noted = self._memory.refusals.remember(target.uid, action, refusal)
        if not refusal.final:
            self._queue.add_after(key, noted.seconds + MARGIN_SECONDS)
        level = logging.DEBUG if refusal.race else logging.WARNING
        words = (key, action.verb, action.about, refusal.cause, refusal.message)
        log.log(level, "%s: %s %s: %s: %s", *words)
        return noted.times

    async def _write_status(
        self, key: Key, controller: Controller[Any], target: ObjectRef, plan: Plan[Any]
    ) -> bool:
        """False: it could not be written, and nothing that presupposes it may be done."""
        if self._pause(target, STATUS_WRITE) > 0:
            return False
        self._queue.progressed(key)
        try:
            outcome = await self._memory.statuses.write(controller.kind, target, plan)
        except NamespaceTerminating:
            raise
        except (ApiError, Outdated) as error:
            self._status_refused(key, target, refusal_from(error))
            return False
        match outcome:
            case Written(known, status):
                self._memory.refusals.done(target.uid, STATUS_WRITE)
                controller.stored(known, status)
                if plan.again_once_stored:
                    self._queue.add(key)
            case Waits(seconds):
                self._queue.add_after(key, seconds)
            case None:
                pass
        return True

    def _status_refused(self, key: Key, target: ObjectRef, refusal: Refusal) -> None:
        self._memory.statuses.drop_unwritten(target.uid)
        times = self._remember(key, target, STATUS_WRITE, refusal)
        if times == SAID_AFTER:  # a status that cannot be written can say nothing itself
            text = f"the status cannot be written: {refusal.message}"
            self._events.post(target, Event(names.EVENT_STATUS_REFUSED, text, "Warning"))
        if not refusal.race:
            self._queue.add(key)  # decided again at once: it takes no slot from others meanwhile

    def _notify(self, key: Key, target: ObjectRef, plan: Plan[Any]) -> None:
        for event in plan.events:
            self._events.post(target, event)
            level = logging.WARNING if event.type == "Warning" else logging.INFO
            log.log(level, "%s: %s: %s", key, event.reason, event.message)
