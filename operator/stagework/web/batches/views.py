"""Batches as people see them, read from the cluster when somebody asks.

A list is read once for all that ask within a second, and so is each batch: its live progress may be
watched by many.
"""

from collections.abc import Callable
from typing import Final

from pydantic import ValidationError

from stagework.api.batch import Batch, BatchSpec, BatchStatus
from stagework.api.kinds import BATCH
from stagework.cluster.cache.own_objects import OwnObject
from stagework.overview.batch_row import newest_first
from stagework.web.auth.authorization import Authorization
from stagework.web.auth.cache import ExpiringCache
from stagework.web.auth.identity import Caller
from stagework.web.batch_source import BatchSource
from stagework.web.errors import bad_request, not_found

KEPT_SECONDS: Final = 1.0
"""How long what was read is given to who else asks."""


class BatchViews:
    """Asks for rights first: a batch that one may not see is as unknown as one that never was."""

    def __init__(
        self,
        source: BatchSource,
        authorization: Authorization,
        namespaces: tuple[str, ...],
        clock: Callable[[], float],
    ) -> None:
        self._source = source
        self._authorization = authorization
        self._namespaces = namespaces
        self._lists: ExpiringCache[list[Batch]] = ExpiringCache(clock)
        self._single: ExpiringCache[Batch] = ExpiringCache(clock)

    async def listed(self, caller: Caller, namespace: str = "") -> list[Batch]:
        """Those that the caller may list, the newest first."""
        rights = self._authorization
        if namespace:
            await rights.require_right(caller, "list", namespace, resource=BATCH.plural)
            readable = frozenset({namespace})
        else:
            known = {batch.metadata.namespace for batch in await self._all()}
            allowed = await rights.readable(caller, sorted(known), resource=BATCH.plural)
            readable = frozenset(allowed)
        batches = [one for one in await self._all() if one.metadata.namespace in readable]
        return newest_first(batches)

    async def one(self, caller: Caller, namespace: str, name: str) -> Batch:
        """The batch, for who may get it; raises ProblemError."""
        found = await self.seen(caller, namespace, name)
        if found is None:
            raise not_found(f"there is no Batch {name!r} in namespace {namespace!r}")
        return found

    async def seen(self, caller: Caller, namespace: str, name: str) -> Batch | None:
        """The batch, for who may get it; None: there is none (any more)."""
        rights = self._authorization
        await rights.require_right(caller, "get", namespace, name, resource=BATCH.plural)
        return await self.current(namespace, name)

    async def current(self, namespace: str, name: str) -> Batch | None:
        """The batch, whoever asks; None: there is none."""
        key = f"{namespace}/{name}"
        known = self._single.get(key)
        if known is None:
            found = await self._source.batch_object(namespace, name)
            if found is None:
                return None
            known = batch_from(found)
            if known is None:
                raise bad_request(f"Batch {name!r} is of another version than this service")
            self._single.put(key, known, KEPT_SECONDS)
        return known

    async def _all(self) -> list[Batch]:
        known = self._lists.get("")
        if known is None:
            found = await self._source.batch_objects(self._namespaces)
            known = [batch for one in found if (batch := batch_from(one)) is not None]
            self._lists.put("", known, KEPT_SECONDS)
        return known


def batch_from(known: OwnObject) -> Batch | None:
    """None for one of another version."""
    try:
        return Batch.model_construct(
            metadata=known.checked_metadata(),
            spec=BatchSpec.model_validate_json(bytes(known.spec)),
            status=BatchStatus.model_validate_json(bytes(known.status)),
        )
    except ValidationError:
        return None
