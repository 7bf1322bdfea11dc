"""Our own objects by key, as the cache holds them; what is evicted, and had again."""

from collections.abc import Iterable, Iterator
from typing import Any

from stagework.cluster.apply import Applier
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.cache.selections import BY_NAME, objects_of
from stagework.controllers.controller import Controller, Key


class Objects:
    """All objects that controllers decide about."""

    def __init__(
        self, cache: Cache, applier: Applier, controllers: Iterable[Controller[Any]]
    ) -> None:
        self._cache = cache
        self._applier = applier
        self._controllers = {controller.kind.kind: controller for controller in controllers}

    def named(self, key: Key) -> OwnObject | None:
        """The object of that kind, namespace and name."""
        kind = self._controllers[key.kind].kind
        objects = self._cache.indexed(
            objects_of(kind), key.namespace, BY_NAME, (key.namespace, key.name)
        )
        return objects[-1] if objects else None

    def all(self) -> Iterator[tuple[Key, OwnObject]]:
        """Every object, kind by kind."""
        for name, controller in self._controllers.items():
            for known in self._cache.all(objects_of(controller.kind)):
                yield Key(name, *known.name), known

    def evict(self, controller: Controller[Any], known: OwnObject) -> None:
        """Keep no more than a tombstone of it."""
        tombstone = controller.tombstone(known)
        self._cache.swap(objects_of(controller.kind), known.metadata.namespace, tombstone)

    async def reload(self, controller: Controller[Any], known: OwnObject) -> OwnObject | None:
        """Read what was evicted again; None where that very object is gone. Raises ApiError."""
        meta = known.metadata
        target = controller.kind.ref(meta.namespace, meta.name, meta.uid)
        reloaded = await self._applier.read(target)
        if reloaded is not None:
            self._cache.put_back(objects_of(controller.kind), target, reloaded)
        return reloaded
