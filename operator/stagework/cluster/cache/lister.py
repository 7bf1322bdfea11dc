"""A full list, compared with the store: a watch is a hint, the list is the truth.

A list that is older than what we know comes from an old cache of the server and is refused, until
that has come so often that the server's own store must have been restored from a backup.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Generic

from stagework.cluster.cache.feed import Feed
from stagework.cluster.cache.store import is_newer, is_older
from stagework.cluster.client.errors import Unreachable
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.client.paging import ListMeta, T

PAGE_SIZE: Final = 500
"""Objects in a page of the list."""
OLD_LISTS_REFUSED: Final = 8
"""So many lists older than what we know are refused in a row; then the store was restored."""


class Lister(Generic[T]):
    """Lists one path and selection into a feed."""

    def __init__(
        self,
        api: KubeApi,
        path: str,
        params: Mapping[str, str],
        feed: Feed[T],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._api = api
        self._path = path
        self._params = params
        self._feed = feed
        self._sleep = sleep
        self._old_lists = 0

    async def list_all(self, page_size: int, pause_seconds: float, *, owes: bool) -> None:
        """List everything; `owes`: the watch must bring what is new in it, too."""
        feed = self._feed
        seen: set[str] = set()
        floor = feed.version
        restored = False
        meta = ListMeta()
        async for body in self._api.list_pages(
            self._path, self._params, page_size, on_restart=seen.clear
        ):
            if pause_seconds and seen:
                await self._sleep(pause_seconds)
            page = feed.page(body, seen.add)
            meta = page.metadata
            if not restored and is_older(meta.resourceVersion, floor):
                restored = self._is_restored(meta.resourceVersion, floor)
            for known in page.items or ():
                seen.add(known.metadata.uid)
                change = feed.store.put(known, certain=restored)
                feed.report(change)
                if change is not None and owes and not restored:
                    feed.lag.owe(known.metadata.resourceVersion)
        self._drop_unseen(seen, meta.resourceVersion, restored=restored)
        self._old_lists = 0
        if restored or not is_older(meta.resourceVersion, feed.version):
            feed.version = meta.resourceVersion

    def _drop_unseen(self, seen: set[str], version: str, *, restored: bool) -> None:
        store = self._feed.store
        for uid in [uid for uid in store.objects if uid not in seen]:
            known = store.objects[uid].metadata.resourceVersion
            # Newer than the list: our own write came in while the list was under way.
            if restored or not is_newer(known, version):
                self._feed.report(store.drop(uid, version))

    def _is_restored(self, version: str, floor: str) -> bool:
        """Raise Unreachable for a list from an old cache, until it has come too often for that."""
        self._old_lists += 1
        if self._old_lists <= OLD_LISTS_REFUSED:
            raise Unreachable(
                f"{self._path}: the list is of version {version}, older than {floor} that we know"
            )
        self._feed.store.forget_departures()
        return True
