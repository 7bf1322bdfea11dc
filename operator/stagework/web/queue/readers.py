"""Of which namespaces may a caller see runs? Asked of the API server, and kept for a minute."""

import asyncio
import hashlib
from collections.abc import Callable, Iterable

from stagework.api.kinds import PIPELINEJOB
from stagework.web.auth.cache import ExpiringCache
from stagework.web.auth.identity import CACHE_SECONDS, Caller, Program, StagePod
from stagework.web.errors import forbidden
from stagework.web.queue_source import QueueSource, Right
from stagework.web.user import User


def user_of(caller: Caller) -> User:
    """Who asks; raises ProblemError for a Pod."""
    if isinstance(caller, StagePod | Program):
        raise forbidden("Pods have no access to this")
    return caller.user


class Readers:
    """Remembers for each user and namespace whether runs may be listed there."""

    def __init__(self, source: QueueSource, clock: Callable[[], float]) -> None:
        self._source = source
        self._answers: ExpiringCache[list[bool]] = ExpiringCache(clock)

    async def visible(self, user: User, namespaces: Iterable[str]) -> frozenset[str]:
        """Those of these namespaces whose runs the user may list."""
        asked = sorted(set(namespaces))
        if await self.may_list(user, ""):
            return frozenset(asked)
        allowed = await asyncio.gather(*(self.may_list(user, one) for one in asked))
        return frozenset(one for one, good in zip(asked, allowed, strict=True) if good)

    async def require(self, user: User, namespace: str) -> None:
        """Raise ProblemError unless the user may list the runs of this namespace."""
        if not await self.may_list(user, namespace) and not await self.may_list(user, ""):
            raise forbidden(
                f"you may not list {PIPELINEJOB.plural} in namespace {namespace!r}",
                "ask for a role with that right, such as stagework-view",
            )

    async def may_list(self, user: User, namespace: str) -> bool:
        """Whether the runs of a namespace ("": of all) may be listed."""
        key = _digest(user, namespace)
        known = self._answers.get(key)
        if known is None:
            right = Right("list", PIPELINEJOB.plural, namespace)
            known = [await self._source.may(user, right)]
            self._answers.put(key, known, CACHE_SECONDS)
        return known[0]


def _digest(user: User, namespace: str) -> str:
    text = repr((user.name, user.uid, user.groups, sorted(user.extra.items()), namespace))
    return hashlib.sha256(text.encode()).hexdigest()
