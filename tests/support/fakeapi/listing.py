"""Lists: whole or in pages of one consistent version."""

import base64
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import orjson

from tests.support.fakeapi.failures import bad_request, expired
from tests.support.fakeapi.resources import Json, Resource
from tests.support.fakeapi.selectors import Matcher
from tests.support.fakeapi.store import Store, Stored

_OPEN_LISTS: Final = 256


@dataclass(slots=True)
class _OpenList:
    resource: Resource
    version: int
    left: list[Stored]


class Lists:
    """Answers lists; keeps what is left of those that are read in pages."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: OrderedDict[str, _OpenList] = OrderedDict()
        self._count = 0

    def expire(self) -> None:
        """Forget all lists that are being read: their next page is answered with 410."""
        self._open.clear()

    def first(
        self,
        resource: Resource,
        namespace: str,
        matches: Matcher | None,
        limit: int,
        stale: tuple[int, list[Stored]] | None,
    ) -> bytes:
        """The first page (all, where limit is 0), from a stale cache if one is given."""
        if stale is None:
            present = self._store.list(resource, namespace, matches)
            return self._page(_OpenList(resource, self._store.version, present), limit)
        version, objects = stale
        present = [
            stored
            for stored in objects
            if (not namespace or stored.key[0] == namespace)
            and (matches is None or matches(stored.data))
        ]
        return self._page(_OpenList(resource, version, present), limit)

    def further(self, token: str, limit: int) -> bytes:
        """The next page; raises Failure (410) where the list is no longer known."""
        try:
            name = base64.urlsafe_b64decode(token).decode()
        except ValueError:
            raise bad_request("continue key is not valid") from None
        known = self._open.pop(name, None)
        if known is None:
            raise expired("The provided continue parameter is too old to display a consistent list")
        return self._page(known, limit)

    def _page(self, known: _OpenList, limit: int) -> bytes:
        size = limit or len(known.left)
        shown, rest = known.left[:size], known.left[size:]
        meta: Json = {"resourceVersion": str(known.version)}
        if rest:
            self._count += 1
            name = f"list-{self._count}"
            self._open[name] = _OpenList(known.resource, known.version, rest)
            if len(self._open) > _OPEN_LISTS:
                self._open.popitem(last=False)
            meta["continue"] = base64.urlsafe_b64encode(name.encode()).decode()
            meta["remainingItemCount"] = len(rest)
        kind = known.resource.kind
        return b"".join(
            (
                f'{{"kind":"{kind}List","apiVersion":"{known.resource.api_version}",'.encode(),
                b'"metadata":',
                orjson.dumps(meta),
                b',"items":[',
                b",".join(stored.raw for stored in shown),
                b"]}",
            )
        )
