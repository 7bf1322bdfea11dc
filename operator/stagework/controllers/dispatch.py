"""Which change brings which object to the workers: its own, a trigger's, a request for it."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from stagework.api.kinds import INTERVENTION
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.cache.selections import objects_of, target_key
from stagework.cluster.cache.store import Change
from stagework.controllers.controller import Controller, Key, Trigger


def dispatch(
    cache: Cache, controllers: Sequence[Controller[Any]], enqueue: Callable[[Key], None]
) -> None:
    """From now on every change in the cache enqueues the keys that it concerns."""
    kinds = frozenset(controller.kind.kind for controller in controllers)
    requests = Trigger(objects_of(INTERVENTION), partial(_targets, kinds))
    own = [Trigger(objects_of(c.kind), partial(_itself, c.kind.kind)) for c in controllers]
    others = [trigger for controller in controllers for trigger in controller.triggers()]
    for trigger in (requests, *own, *others):
        cache.subscribe(trigger.selection, partial(_enqueue, enqueue, trigger.concerns))


def _enqueue(
    enqueue: Callable[[Key], None],
    concerns: Callable[[Change[Any]], Iterable[Key]],
    change: Change[Any],
) -> None:
    for key in concerns(change):
        enqueue(key)


def _itself(kind: str, change: Change[OwnObject]) -> tuple[Key]:
    return (Key(kind, *change.object.name),)


def _targets(kinds: frozenset[str], change: Change[OwnObject]) -> tuple[Key, ...]:
    """The target of an Intervention; of kinds that nobody controls nobody is told."""
    key = Key(*target_key(change.object))
    return (key,) if key.kind in kinds else ()
