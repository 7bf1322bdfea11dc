"""All stores, each followed by a reflector; who wants to hear of changes subscribes.

Some kinds may be watched by somebody else (kopf), who offers what he sees; the rest is watched
here. Every store is listed again now and then, whoever watches it.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from functools import partial
from typing import Any, Final

import msgspec

from stagework.api.resources import ApiResource
from stagework.cluster.cache.feed import OnChange, OnProblem
from stagework.cluster.cache.reflector import Reflector
from stagework.cluster.cache.selections import Selection
from stagework.cluster.cache.store import Change
from stagework.cluster.client import paths
from stagework.cluster.client.errors import ApiError
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.client.paging import T

RESYNC_SECONDS: Final = 50.0
"""Everything is listed again this often: a change that no watch brought is found in a minute."""
RESYNC_OBJECTS_PER_SECOND: Final = 100.0
"""Large stores are listed again less often: so many objects a second on average."""


class Cache:
    """Stores by selection and namespace."""

    def __init__(
        self,
        api: KubeApi,
        namespaces: Iterable[str],
        selections: Iterable[Selection[Any]],
        *,
        external: Collection[ApiResource] = (),
        on_problem: OnProblem | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`namespaces`: empty means all. `external`: what somebody else watches and offers."""
        self._external = tuple(external)
        self._on_problem = on_problem
        self._namespaces = tuple(namespaces) or ("",)
        self._listeners: dict[ApiResource, list[OnChange[Any]]] = {}
        self._reflectors: dict[tuple[ApiResource, str], Reflector[Any]] = {
            (selection.resource, namespace): Reflector(
                api,
                paths.collection(selection.resource, namespace),
                selection.view,
                partial(self._tell, selection.resource),
                params=selection.selector,
                indexes=selection.indexes,
                on_problem=on_problem,
                clock=clock,
            )
            for selection in selections
            for namespace in (self._namespaces if selection.namespaced else ("",))
        }

    # --- life --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Watch everything that nobody else watches, and list it all again, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for reflector in self._watched():
                group.create_task(reflector.run())
            await self.synced()
            for reflector in self._reflectors.values():
                group.create_task(self._resync_for_ever(reflector))

    async def synced(self) -> None:
        """Wait until every first list is complete."""
        for reflector in self._reflectors.values():
            await reflector.synced.wait()

    async def list_external(self) -> None:
        """The first list of what somebody else watches; raises ApiError."""
        for (resource, _), reflector in self._reflectors.items():
            if resource in self._external:
                await reflector.relist()

    def silence_seconds(self) -> float:
        """Seconds since the quietest watch of ours last brought anything (bookmarks count)."""
        return max(reflector.last_contact_seconds() for reflector in self._watched())

    def lag_seconds(self) -> float:
        """How long any watch has owed us a change that we know of from elsewhere."""
        return max(reflector.lag.seconds() for reflector in self._reflectors.values())

    # --- reading -----------------------------------------------------------------------------

    def all(self, selection: Selection[T]) -> Iterator[T]:
        """Every object of a selection; must not be kept across an await."""
        for (resource, _), reflector in self._reflectors.items():
            if resource is selection.resource:
                yield from tuple(reflector.store.objects.values())

    def get(self, selection: Selection[T], namespace: str, uid: str) -> T | None:
        """The object of that uid."""
        return self._of(selection, namespace).store.get(uid)

    def indexed(
        self, selection: Selection[T], namespace: str, index: str, value: Hashable
    ) -> tuple[T, ...]:
        """The objects found under a value of an index."""
        return self._of(selection, namespace).store.indexed(index, value)

    # --- what is known from elsewhere --------------------------------------------------------

    def subscribe(self, selection: Selection[T], listener: OnChange[T]) -> None:
        """Hear of every change that a watch or list brings, in order; of own writes never."""
        self._listeners.setdefault(selection.resource, []).append(listener)

    def record(self, resource: ApiResource, namespace: str, answer: bytes) -> object:
        """The answer to a write of our own: known at once, before the watch brings it.

        Answers it decoded; None where the cache does not hold that resource.
        """
        reflector = self._find(resource, namespace)
        return reflector.feed.record_body(answer) if reflector is not None else None

    def discover(self, resource: ApiResource, namespace: str, answer: bytes) -> None:
        """An object that was there already: what has become of it is news."""
        reflector = self._find(resource, namespace)
        if reflector is not None:
            reflector.feed.discover(answer)

    def swap(self, selection: Selection[T], namespace: str, other: T) -> None:
        """Keep another form of the same version of an object, one that says less or more."""
        self._of(selection, namespace).store.swap(other)

    def restore(self, selection: Selection[T], namespace: str, known: T) -> None:
        """An object of which only another form was kept, as a read of our own has shown it."""
        reflector = self._of(selection, namespace)
        reflector.store.swap(known)
        reflector.feed.record(known)

    def offer(self, selection: Selection[T], namespace: str, known: T, *, deleted: bool) -> None:
        """An object as somebody else's watch has brought it."""
        self._of(selection, namespace).feed.offer(known, deleted=deleted)

    # --- within ------------------------------------------------------------------------------

    def _tell(self, resource: ApiResource, change: Change[Any]) -> None:
        for listener in self._listeners.get(resource, ()):
            listener(change)

    def _watched(self) -> list[Reflector[Any]]:
        return [
            reflector
            for (resource, _), reflector in self._reflectors.items()
            if resource not in self._external
        ]

    async def _resync_for_ever(self, reflector: Reflector[Any]) -> None:
        """A watch is a hint, a full list is the truth: what got lost is found by this time."""
        while True:
            count = len(reflector.store.objects)
            await asyncio.sleep(max(RESYNC_SECONDS, count / RESYNC_OBJECTS_PER_SECOND))
            try:
                await reflector.resync()
            except (ApiError, msgspec.DecodeError) as error:
                if self._on_problem is not None:
                    self._on_problem("a resync failed", error)

    def _of(self, selection: Selection[T], namespace: str) -> Reflector[T]:
        reflector = self._find(selection.resource, namespace)
        if reflector is None:
            raise KeyError(f"{selection.resource.plural} are not in the cache")
        return reflector

    def _find(self, resource: ApiResource, namespace: str) -> Reflector[Any] | None:
        return self._reflectors.get((resource, namespace)) or self._reflectors.get((resource, ""))
