"""What the batches' routes share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from stagework.artifacts.s3 import Backend
from stagework.artifacts.store import Store
from stagework.batches.books import Books
from stagework.batches.freezing import Freezer
from stagework.batches.sources import Sources
from stagework.batches.stores import ItemStores, connect
from stagework.history.store import History
from stagework.policies.item_address import Allowed
from stagework.settings import ItemStoreSettings, Settings
from stagework.web.auth.authorization import Authorization
from stagework.web.batches.requests import BatchRequests
from stagework.web.batches.uploads import FormUploads
from stagework.web.batches.views import BatchViews
from stagework.web.cluster import ClusterReader
from stagework.web.space import Space


@dataclass(frozen=True)
class BatchService:
    """Built once by `create_app`."""

    books: Books
    freezer: Freezer
    stores: ItemStores
    views: BatchViews
    requests: BatchRequests
    uploads: FormUploads

    @classmethod
    def of(
        cls,
        reader: ClusterReader,
        store: Store,
        settings: Settings,
        *,
        history: History,
        authorization: Authorization,
        clock: Callable[[], float],
        space: Space,
        connected: Callable[[ItemStoreSettings], Backend] = connect,
    ) -> Self:
        """`clock`: seconds, any start; `connected`: opens a store of the settings."""
        stores = ItemStores(settings.batches.stores, connected)
        s3 = settings.artifacts.s3
        named = (*settings.artifacts.inputHosts, *settings.artifacts.internalHosts)
        hosts = frozenset(host.lower() for host in named)

        def allowed(namespace: str) -> Allowed:
            folders = stores.buckets(namespace)
            if s3 is not None:
                parts = (s3.prefix.strip("/"), namespace, "inputs")
                folders[s3.bucket] = "/".join(part for part in parts if part) + "/"
            return Allowed(namespace, hosts, folders)

        sources = Sources(store, stores, settings.batches.maxManifestBytes)
        books = Books(store, history.items)
        return cls(
            books=books,
            freezer=Freezer(store, sources, allowed),
            stores=stores,
            views=BatchViews(reader.batches, authorization, settings.namespaces, clock),
            requests=BatchRequests(reader.batches, reader.queue, authorization, books),
            uploads=FormUploads(store, settings.batches, space),
        )
