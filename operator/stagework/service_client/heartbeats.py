"""Asks the API service when a Pod was heard of last: of nodes that nobody else can tell of."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Protocol

import aiohttp
import msgspec

from stagework.plans.pipelinejob.snapshot import HeartbeatQuestion, HeartbeatRead
from stagework.service_client.exchange import AT_ONCE, ask
from stagework.service_client.results import LookupFailed


class HeartbeatReader(Protocol):
    """Whoever hears of Pods."""

    async def last(self, question: HeartbeatQuestion) -> HeartbeatRead:
        """When it heard of the Pod; raises LookupFailed to be asked again."""
        ...


class _Heard(msgspec.Struct, rename="camel"):
    pod: str
    age_seconds: float


class _Report(msgspec.Struct, rename="camel"):
    listening_seconds: float
    heartbeats: list[_Heard]


class ServiceHeartbeats:
    """Over the API service's `/v1/heartbeats`, as the operator's ServiceAccount.

    It answers with ages, so that no clock but ours counts.
    """

    def __init__(
        self,
        url: str,
        token: Callable[[], str],
        wall_clock: Callable[[], datetime],
        timeout_seconds: float = 10.0,
    ) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._wall_clock = wall_clock
        self._limit = timeout_seconds
        self._places = asyncio.Semaphore(AT_ONCE)

    async def last(self, question: HeartbeatQuestion) -> HeartbeatRead:
        """See HeartbeatReader."""
        async with self._places:
            return await self._last(question)

    async def _last(self, question: HeartbeatQuestion) -> HeartbeatRead:
        url, at = f"{self._url}/v1/heartbeats?pod={question.pod}", self._wall_clock()
        try:
            status, body = await ask("GET", url, self._token, self._limit)
            if status != HTTPStatus.OK:
                raise LookupFailed(f"{url}: HTTP {status}")
            report = msgspec.json.decode(body, type=_Report)
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.MsgspecError) as error:
            raise LookupFailed(f"{url}: {error}") from error
        ages = [heard.age_seconds for heard in report.heartbeats if heard.pod == question.pod]
        return HeartbeatRead(
            at=at,
            listening_since=at - _span(report.listening_seconds),
            heard_at=at - _span(min(ages)) if ages else None,
        )


def _span(seconds: float) -> timedelta:
    """What was asked about is no older than the question: rather too short than too long."""
    return timedelta(seconds=max(0.0, seconds))
