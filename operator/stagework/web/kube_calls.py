"""Calls to the API server through the one client; one without an answer is ClusterUnavailable."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec

from stagework.api.resources import ApiResource, ObjectRef
from stagework.cluster.adoption import DRY_RUN
from stagework.cluster.cache.own_objects import OwnObject, from_bytes
from stagework.cluster.client import paths
from stagework.cluster.client.errors import ApiError, NotFound
from stagework.cluster.client.kubeapi import MERGE_PATCH, KubeApi
from stagework.cluster.client.paging import ListPage
from stagework.web.errors import ClusterUnavailable
from stagework.web.queue_source import NotWritten

S = TypeVar("S")
T = TypeVar("T")

_REFUSALS: Final = range(400, 500)
_OVERLOADED: Final = 429
_own_page: Final = msgspec.json.Decoder(ListPage[OwnObject])


class KubeCalls:
    """What is got, listed, made and reviewed, decoded."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api

    async def get(
        self, resource: ApiResource, namespace: str, name: str, decode: Callable[[bytes], T]
    ) -> T | None:
        """GET an object; None where there is none of that name."""
        return await self.read(object_path(resource, namespace, name), decode)

    async def read(
        self, path: str, decode: Callable[[bytes], T], params: Mapping[str, str] | None = None
    ) -> T | None:
        """GET what is at a path; None where nothing is."""
        try:
            # Without params as always: nothing in the query.
            asked = self._api.get(path, params) if params else self._api.get(path)
            return decode(await asked)
        except NotFound:
            return None
        except (ApiError, msgspec.MsgspecError) as error:
            raise ClusterUnavailable(f"get {path}: {error}") from error

    async def list_own(
        self, resource: ApiResource, namespaces: tuple[str, ...], convert: Callable[[OwnObject], T]
    ) -> list[T]:
        """LIST objects of our kinds, per namespace or, where none is named, over all."""
        collected: list[T] = []
        for namespace in namespaces or ("",):
            path = paths.collection(resource, segment(namespace))
            collected += await self.list_pages(path, _own_page, convert)
        return collected

    async def list_pages(
        self, path: str, page: msgspec.json.Decoder[ListPage[S]], convert: Callable[[S], T]
    ) -> list[T]:
        """LIST in pages, each converted as it comes: they are not kept."""
        collected: list[T] = []
        try:
            async for body in self._api.list_pages(path, on_restart=collected.clear):
                collected += [convert(view) for view in page.decode(body).items or []]
        except (ApiError, msgspec.MsgspecError) as error:
            raise ClusterUnavailable(f"list {path}: {error}") from error
        return collected

    async def create(
        self,
        resource: ApiResource,
        namespace: str,
        body: dict[str, Any],
        *,
        dry_run: bool = False,
    ) -> OwnObject:
        """POST an object of ours; raises NotWritten where the API server does not take it."""
        path = paths.collection(resource, segment(namespace))
        with _written(f"create {path}"):
            sent = msgspec.json.encode(body)
            # Without a dry run as always: nothing of it in the query.
            made = (
                self._api.create(path, sent, DRY_RUN) if dry_run else self._api.create(path, sent)
            )
            return from_bytes(await made)

    async def patch(
        self,
        resource: ApiResource,
        namespace: str,
        name: str,
        body: dict[str, Any],
        *,
        dry_run: bool = False,
    ) -> OwnObject | None:
        """PATCH an object of ours by a merge; None where there is none. Raises NotWritten."""
        path = object_path(resource, namespace, name)
        with _written(f"patch {path}"):
            sent = msgspec.json.encode(body)
            try:
                params = DRY_RUN if dry_run else None
                return from_bytes(await self._api.patch(path, sent, MERGE_PATCH, params))
            except NotFound:
                return None

    async def delete(
        self, resource: ApiResource, namespace: str, name: str, *, dry_run: bool = False
    ) -> bool:
        """DELETE an object, and what it controls with it; False where there is none.

        Raises NotWritten.
        """
        path = object_path(resource, namespace, name)
        options: dict[str, Any] = {"propagationPolicy": "Background"}
        with _written(f"delete {path}"):
            try:
                params = DRY_RUN if dry_run else None
                await self._api.delete(path, msgspec.json.encode(options), params)
            except NotFound:
                return False
        return True

    async def review(self, path: str, body: object, decode: Callable[[bytes], T]) -> T:
        """POST a review, and read how it was answered."""
        try:
            return decode(await self._api.create(path, msgspec.json.encode(body)))
        except (ApiError, msgspec.MsgspecError) as error:
            # The error text of a review could quote the token: only its kind is told.
            raise ClusterUnavailable(f"create {path}: {type(error).__name__}") from None


@contextmanager
def _written(what: str) -> Generator[None]:
    """What is written within is taken by the API server; else NotWritten or ClusterUnavailable."""
    try:
        yield
    except ApiError as error:
        if error.status in _REFUSALS and error.status != _OVERLOADED:
            raise NotWritten(str(error)) from error
        raise ClusterUnavailable(f"{what}: {error}") from error
    except msgspec.MsgspecError as error:
        raise ClusterUnavailable(f"{what}: {error}") from error


def object_path(resource: ApiResource, namespace: str, name: str) -> str:
    """Where the API server has it."""
    return paths.object_path(ObjectRef(resource, segment(namespace), segment(name)))


def segment(name: str) -> str:
    """One segment of a path, whatever a token says its Pod is called."""
    return quote(name, safe="")
