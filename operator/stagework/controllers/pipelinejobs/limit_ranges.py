"""Which requests does a namespace give to containers that ask for none? Its LimitRanges say.

Read for each namespace that has runs, once a minute: what is made in between goes by what was read.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import msgspec

from stagework.api.resources import LIMIT_RANGES
from stagework.cluster.client import paths
from stagework.cluster.client.errors import ApiError
from stagework.cluster.client.kubeapi import KubeApi

log = logging.getLogger(__name__)

KNOWN_SECONDS: Final = 60.0
"""For so long an answer counts."""
LONGEST_SECONDS: Final = 5.0
"""No run waits longer for it."""
NOTHING: Final[frozenset[str]] = frozenset()


class _Item(msgspec.Struct, rename="camel"):
    type: str = ""
    default: dict[str, object] = {}
    default_request: dict[str, object] = {}


class _Spec(msgspec.Struct):
    limits: list[_Item] = []


class _LimitRange(msgspec.Struct):
    spec: _Spec = msgspec.field(default_factory=_Spec)


class _List(msgspec.Struct):
    items: list[_LimitRange] | None = None


_decode = msgspec.json.Decoder(_List).decode


class LimitRanges:
    """By namespace; `clock` in seconds."""

    def __init__(self, api: KubeApi, clock: Callable[[], float]) -> None:
        self._api = api
        self._clock = clock
        self._known: dict[str, tuple[frozenset[str], float]] = {}
        self._first: dict[str, asyncio.Lock] = {}
        """Of namespaces of which nothing is known yet all runs wait for one answer."""

    async def read(self, namespace: str) -> None:
        """See to it that what is known is not old; where nobody answers soon it may be."""
        known = self._known.get(namespace)
        if known is not None and self._clock() < known[1]:
            return
        if known is not None:
            self._note(namespace, known[0])  # who comes meanwhile goes by that
            self._note(namespace, await self._asked(namespace))
            return
        async with self._first.setdefault(namespace, asyncio.Lock()):
            if namespace not in self._known:
                self._note(namespace, await self._asked(namespace))
        self._first.pop(namespace, None)  # whoever waits has it

    def of(self, namespace: str) -> frozenset[str]:
        """Resources of which a container there is given some where it asks for none."""
        return self._known.get(namespace, (NOTHING, 0.0))[0]

    def forget_old(self) -> None:
        """Of namespaces whose runs have come and gone nothing is kept."""
        oldest = self._clock() - KNOWN_SECONDS
        self._known = {name: known for name, known in self._known.items() if known[1] > oldest}

    async def _asked(self, namespace: str) -> frozenset[str]:
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                body = await self._api.get(paths.collection(LIMIT_RANGES, namespace))
            return _given(_decode(body))
        except (ApiError, TimeoutError, msgspec.DecodeError) as error:
            log.warning("namespace %s: its LimitRanges cannot be read: %s", namespace, error)
            return self.of(namespace)

    def _note(self, namespace: str, given: frozenset[str]) -> None:
        self._known[namespace] = (given, self._clock() + KNOWN_SECONDS)


def _given(listed: _List) -> frozenset[str]:
    """The API server writes `defaultRequest` also for what only has a minimum or maximum."""
    items = (item for one in listed.items or () for item in one.spec.limits)
    ours = (item for item in items if item.type == "Container")
    return frozenset(name for item in ours for name in (*item.default, *item.default_request))
