"""All stores, each followed by a reflector; who wants to hear of changes subscribes.

Some resources may be watched by somebody else (kopf), who offers what he sees; the rest is watched
here. Every store is listed again now and then, whoever watches it.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from functools import partial
from typing import Any, Final

import msgspec

from stagework.api.resources import ApiResource, ObjectRef
from stagework.cluster.cache.reflector import Reflector
from stagework.cluster.cache.selections import Selection
from stagework.cluster.cache.store import Change, OnProblem
from stagework.cluster.client import paths
from stagework.cluster.client.errors import ApiError
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.client.paging import T

RESYNC_SECONDS: Final = 50.0
"""Everything is listed again this often: a change that no watch brought is found in a minute."""
RESYNC_OBJECTS_PER_SECOND: Final = 100.0
"""Large stores are listed again less often: so many objects a second on average."""

Listener = Callable[[Change[T], ObjectRef | None], None]
"""Called with each change, in order, and with the object of ours on whose behalf it was written by
this process; None: by somebody else."""


class Cache:
    """Stores by resource and namespace."""

    def __init__(
        self,
        api: KubeApi,
        namespaces: Iterable[str],
        *,
        external: Collection[ApiResource] = (),
        on_problem: OnProblem | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`namespaces`: empty means all. `external`: what somebody else watches and offers."""
        self._api = api
        self._external = tuple(external)
        self._on_problem = on_problem or _ignored
        self._clock = clock
        self._namespaces = tuple(namespaces) or ("",)
        self._listeners: dict[Selection[Any], list[Listener[Any]]] = {}
        self._selections: dict[ApiResource, list[Selection[Any]]] = {}
        self._reflectors: dict[tuple[Selection[Any], str], Reflector[Any]] = {}

    def hold(self, selection: Selection[Any]) -> None:
        """Keep these objects; before `run`. Several selections of a resource are told apart by the
        label that each of them asks for.
        """
        resource = selection.resource
        held = self._selections.setdefault(resource, [])
        if selection in held:
            return  # several controllers read it
        held.append(selection)
        _check_apart(held)
        for namespace in self._namespaces if selection.namespaced else ("",):
            self._reflectors[selection, namespace] = Reflector(
                self._api,
                paths.collection(resource, namespace),
                selection.view,
                partial(self._notify, selection, None),
                params=selection.selector,
                indexes=selection.indexes,
                on_problem=self._on_problem,
                clock=self._clock,
            )

    async def run(self) -> None:
        """Watch everything that nobody else watches, and list it all again, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for reflector in self._watched():
                group.create_task(reflector.run())
            await self.synced()
            for reflector in self._reflectors.values():
                group.create_task(_resync_for_ever(reflector, self._on_problem))

    async def synced(self) -> None:
        """Wait until every first list is complete."""
        for reflector in self._reflectors.values():
            await reflector.synced.wait()

    async def list_external(self) -> None:
        """The first list of what somebody else watches; raises ApiError or DecodeError."""
        for (selection, _), reflector in self._reflectors.items():
            if selection.resource in self._external:
                await reflector.relist()

    def silence_seconds(self) -> float:
        """Seconds since the quietest watch of ours last brought anything (bookmarks count)."""
        return max(reflector.last_contact_seconds() for reflector in self._watched())

    def lag_seconds(self) -> float:
        """How long any watch has owed us a change that we know of from elsewhere."""
        return max(reflector.lag.seconds() for reflector in self._reflectors.values())

    def all(self, selection: Selection[T]) -> Iterator[T]:
        """Every object of a selection; must not be kept across an await."""
        for (held, _), reflector in self._reflectors.items():
            if held is selection:
                yield from tuple(reflector.store.objects.values())

    def get(self, selection: Selection[T], namespace: str, uid: str) -> T | None:
        """The object of that uid."""
        return self._of(selection, namespace).store.get(uid)

    def indexed(
        self, selection: Selection[T], namespace: str, index: str, value: Hashable
    ) -> tuple[T, ...]:
        """The objects found under a value of an index."""
        return self._of(selection, namespace).store.indexed(index, value)

    def subscribe(self, selection: Selection[T], listener: Listener[T]) -> None:
        """Hear of every change, whoever has made it."""
        self._listeners.setdefault(selection, []).append(listener)

    def record(
        self, resource: ApiResource, namespace: str, answer: bytes, author: ObjectRef | None
    ) -> object:
        """An answer to a request of our own: known at once, before the watch brings it.

        `author`: on whose behalf it was written; None: it was only read. Answers it decoded; None
        where the cache does not hold that resource.
        """
        held = self._selections.get(resource, [])
        for selection in held:
            reflector = self._find(selection, namespace)
            if reflector is None:
                continue
            known = reflector.feed.decode(answer)
            if len(held) > 1 and selection.label not in known.metadata.labels:
                continue
            if (change := reflector.feed.record(known)) is not None:
                self._notify(selection, author, change)
            return known
        return None

    def swap(self, selection: Selection[T], namespace: str, other: T) -> None:
        """Keep another form of the same version of an object, one that says less or more."""
        self._of(selection, namespace).store.swap(other)

    def put_back(self, selection: Selection[T], author: ObjectRef, known: T) -> None:
        """The whole of an object of which only another form was kept, as `author` has read it."""
        reflector = self._of(selection, author.namespace)
        reflector.store.swap(known)
        if (change := reflector.feed.record(known)) is not None:
            self._notify(selection, author, change)

    def offer(self, selection: Selection[T], namespace: str, known: T, *, deleted: bool) -> None:
        """An object as somebody else's watch has brought it."""
        self._of(selection, namespace).feed.offer(known, deleted=deleted)

    def _notify(self, of: Selection[Any], author: ObjectRef | None, change: Change[Any]) -> None:
        for listener in self._listeners.get(of, ()):
            try:
                listener(change, author)
            except Exception as error:  # noqa: BLE001 - nobody keeps the news from the others
                sentence = f"a change of {of.resource.plural} could not be taken in"
                self._on_problem(sentence, error)

    def _watched(self) -> list[Reflector[Any]]:
        return [
            r for (held, _), r in self._reflectors.items() if held.resource not in self._external
        ]

    def _of(self, selection: Selection[T], namespace: str) -> Reflector[T]:
        found: Any = self._find(selection, namespace)
        if found is None:
            raise KeyError(f"{selection.resource.plural} are not in the cache")
        return found

    def _find(self, selection: Selection[Any], namespace: str) -> Reflector[Any] | None:
        found = self._reflectors.get((selection, namespace))
        return found or self._reflectors.get((selection, ""))


async def _resync_for_ever(reflector: Reflector[Any], on_problem: OnProblem) -> None:
    """A watch is a hint, a full list is the truth: what got lost is found by this time."""
    while True:
        count = len(reflector.store.objects)
        await asyncio.sleep(max(RESYNC_SECONDS, count / RESYNC_OBJECTS_PER_SECOND))
        try:
            await reflector.resync()
        except (ApiError, msgspec.DecodeError) as error:
            on_problem("a resync failed", error)


def _check_apart(held: list[Selection[Any]]) -> None:
    labels = [selection.label for selection in held]
    if len(held) > 1 and ("" in labels or len(set(labels)) < len(labels)):
        raise ValueError(f"{held[0].resource.plural} are held already, by other rules")


def _ignored(_sentence: str, _error: Exception) -> None:
    pass
