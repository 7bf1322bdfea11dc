"""The S3-compatible stores of the settings from which items come: listed and read here alone.

Keys are read from their files (a mounted Secret) when a store is used, so that changed ones count;
they leave this module in no direction.
"""

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import obstore
from obstore.store import S3Store

from stagework.artifacts.s3 import RETRIES, RETRY_TIME, Backend
from stagework.artifacts.s3_faults import Fault, judged
from stagework.batches.errors import (
    INVALID_SOURCE,
    MANIFEST_UNREADABLE,
    SOURCE_FORBIDDEN,
    SOURCE_MISSING,
    STORE_UNKNOWN,
    Refused,
)
from stagework.settings import ItemStoreSettings

_CHUNK_BYTES: Final = 1024 * 1024
_LISTED_AT_ONCE: Final = 1000
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f]")
_Final = Mapping[Fault, str]
_OF_OBJECT: Final[_Final] = {Fault.FORBIDDEN: SOURCE_FORBIDDEN, Fault.NO_OBJECT: SOURCE_MISSING}
"""Reasons of what will not pass by itself and is this object's own: the others can be read."""
_OF_LIST: Final[_Final] = {
    **_OF_OBJECT,
    Fault.KEY_REFUSED: SOURCE_FORBIDDEN,
    Fault.NO_BUCKET: SOURCE_MISSING,
    Fault.BAD_OBJECT_KEY: MANIFEST_UNREADABLE,
}
"""Likewise, where nothing has begun yet: it is said at once, and the batch is made anew."""
_untyped: Any = obstore
# The types of its listings name Arrow tables too, which we neither install nor ask for.


class StoreUnavailable(Exception):  # noqa: N818 - a state of things that passes
    """The store does not answer as it should; the same may work later."""


@dataclass(frozen=True)
class Found:
    """An object of a store."""

    key: str
    size: int


@dataclass(frozen=True)
class Content:
    """An object being read."""

    size: int
    chunks: AsyncIterator[bytes]


def connect(settings: ItemStoreSettings) -> S3Store:
    """With the keys that stand in the files now; raises StoreUnavailable."""
    try:
        key_id = Path(settings.accessKeyIdFile).read_text().strip()
        secret = Path(settings.secretAccessKeyFile).read_text().strip()
    except OSError as error:
        raise StoreUnavailable(f"the keys of store {settings.name!r} cannot be read") from error
    return S3Store(
        settings.bucket,
        endpoint=settings.endpoint,
        region=settings.region,
        access_key_id=key_id,
        secret_access_key=secret,
        virtual_hosted_style_request=False,
        client_options={"allow_http": settings.endpoint.startswith("http://")},
        retry_config={"max_retries": RETRIES, "retry_timeout": RETRY_TIME},
    )


class ItemStores:
    """Each may be used by its own namespaces alone."""

    def __init__(
        self,
        stores: Sequence[ItemStoreSettings],
        connected: Callable[[ItemStoreSettings], Backend] = connect,
    ) -> None:
        self._stores = tuple(stores)
        self._connected = connected

    def named(self, namespace: str, name: str) -> ItemStoreSettings:
        """Raises Refused: one of others is as unknown as one that never was."""
        for store in self._stores:
            if store.name == name and store.serves(namespace):
                return store
        raise Refused(
            STORE_UNKNOWN,
            f"namespace {namespace!r} has no store {name[:63]!r}: an administrator can add it to "
            "settings.batches.stores",
        )

    def of_bucket(self, namespace: str, bucket: str) -> ItemStoreSettings | None:
        """The one whose bucket it is."""
        for store in self._stores:
            if store.bucket == bucket and store.serves(namespace):
                return store
        return None

    def buckets(self, namespace: str) -> dict[str, str]:
        """Buckets that the namespace may use, and the prefix that keys in them must have."""
        return {store.bucket: store.prefix for store in self._stores if store.serves(namespace)}

    async def found(self, store: ItemStoreSettings, prefix: str) -> AsyncIterator[Found]:
        """All objects whose keys begin so, in the store's order; raises Refused and
        StoreUnavailable.
        """
        # obstore takes a prefix for a folder: the rest of it is compared here.
        whole = f"{store.prefix}{prefix}"
        folder = _folder(store, whole)
        with _Translated(store, _OF_LIST):
            connected = self._connected(store)
            listing = _untyped.list(connected, folder or None, chunk_size=_LISTED_AT_ONCE)
            async for page in listing:
                for meta in cast("Sequence[dict[str, Any]]", page):
                    key, size = meta["path"], meta["size"]
                    if key.startswith(whole) and (size or await _is_object(connected, key)):
                        yield Found(key, size)

    async def open(self, store: ItemStoreSettings, key: str) -> Content:
        """Read an object; raises Refused and StoreUnavailable."""
        with _Translated(store, _OF_OBJECT):
            answer = await obstore.get_async(self._connected(store), key)

        async def chunks() -> AsyncIterator[bytes]:
            with _Translated(store, _OF_OBJECT):
                async for chunk in answer.stream(min_chunk_size=_CHUNK_BYTES):
                    yield bytes(chunk)

        return Content(answer.meta["size"], chunks())


def _folder(store: ItemStoreSettings, prefix: str) -> str:
    """The part of a prefix that ends with its last slash; raises Refused."""
    folder = prefix.rpartition("/")[0]
    hostile = {"", ".", ".."} & set(folder.split("/"))
    if (folder and (hostile or _UNFIT.search(folder))) or prefix.startswith("/"):
        raise Refused(
            INVALID_SOURCE,
            f"no key in store {store.name!r} may begin with {prefix[:100]!r}: give a prefix such "
            "as photos/2026/, without control characters, a slash in front, //, . or ..",
        )
    return folder


async def _is_object(connected: Backend, key: str) -> bool:
    """An empty one, or what a console leaves for a folder: its key ends with a slash, which is not
    in the listing any more, and there is nothing at the key without it.
    """
    try:
        await obstore.head_async(connected, key)
    except FileNotFoundError:
        return False
    return True


class _Translated:
    """Errors of obstore as ours: theirs quote requests with their headers."""

    def __init__(self, store: ItemStoreSettings, final: _Final) -> None:
        self._where = f"store {store.name!r}"
        self._final = final

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Translate."""
        trouble = judged(error)
        if trouble is not None:
            sentence = f"{self._where} {trouble.sentence}"
            reason = self._final.get(trouble.fault)
            raise (Refused(reason, sentence) if reason else StoreUnavailable(sentence)) from None
        if isinstance(error, OSError):
            text = f"{self._where} does not answer: {type(error).__name__}"
            raise StoreUnavailable(text) from None
