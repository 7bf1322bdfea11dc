"""Which change brings which object to the workers: its own, a trigger's, a request for it.

Not the object on whose behalf this process has just written the change: what an object has done is
no news to the decision that it came from. All others hear of it like of anybody's.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from stagework.api.kinds import INTERVENTION
from stagework.api.resources import ObjectRef
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.cache.selections import objects_of, target_key
from stagework.cluster.cache.store import Change
from stagework.controllers.controller import Controller, Key, Trigger


def dispatch(
    cache: Cache, controllers: Sequence[Controller[Any]], enqueue: Callable[[Key], None]
) -> None:
    """From now on every change in the cache enqueues the keys that it concerns.

    Of kinds that no controller decides about nothing is enqueued.
    """
    kinds = frozenset(controller.kind.kind for controller in controllers)
    requests = Trigger(objects_of(INTERVENTION), _target)
    own = [Trigger(objects_of(c.kind), partial(_itself, c.kind.kind)) for c in controllers]
    others = [trigger for controller in controllers for trigger in controller.triggers()]

    def concerned(
        concerns: Callable[[Change[Any]], Iterable[Key]],
        change: Change[Any],
        author: ObjectRef | None,
    ) -> None:
        writer = None
        if author is not None:
            writer = Key(author.resource.kind, author.namespace, author.name)
        for key in concerns(change):
            if key != writer and key.kind in kinds:
                enqueue(key)

    for trigger in (requests, *own, *others):
        cache.subscribe(trigger.selection, partial(concerned, trigger.concerns))


def _itself(kind: str, change: Change[OwnObject]) -> tuple[Key]:
    return (Key(kind, *change.object.name),)


def _target(change: Change[OwnObject]) -> tuple[Key]:
    return (Key(*target_key(change.object)),)
