"""Has the API service keep the log of an attempt that failed, before its Pod goes.

It always answers, and in time: a run must not wait for its logs. Where the service is away that is
the answer.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final, Protocol, cast

import aiohttp
import orjson

from stagework.plans.pipelinejob.snapshot import LogAnswer, LogQuestion
from stagework.service_client.exchange import AT_ONCE, ask, word

log = logging.getLogger(__name__)

LIMIT_SECONDS: Final = 10.0
"""Longest time from the question to the answer, whatever happens."""
AGAIN_SECONDS: Final = 1.0
"""Pause before a service that did not answer is asked again within that time."""


class LogKeeper(Protocol):
    """Whoever can keep logs."""

    async def keep(self, namespace: str, run_uid: str, question: LogQuestion) -> LogAnswer:
        """What has become of the log; never raises, and answers within LIMIT_SECONDS."""
        ...


class ServiceLogs:
    """Over the API service's `/v1/logs`, as the operator's ServiceAccount."""

    def __init__(
        self,
        url: str,
        token: Callable[[], str],
        *,
        limit_seconds: float = LIMIT_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._limit = limit_seconds
        self._sleep = sleep
        self._places = asyncio.Semaphore(AT_ONCE)

    async def keep(self, namespace: str, run_uid: str, question: LogQuestion) -> LogAnswer:
        """See LogKeeper."""
        q = question
        path = f"{namespace}/{run_uid}/{q.stage}/{q.attempt}/{q.pod}/{q.pod_name}/{q.container}"
        url = f"{self._url}/v1/logs/{path}"
        try:
            async with asyncio.timeout(self._limit), self._places:
                return await self._asked(url)
        except TimeoutError:
            log.warning("%s: no answer within %.0f s", url, self._limit)
            return LogAnswer(fault=f"the API service did not answer within {self._limit:.0f} s")

    async def _asked(self, url: str) -> LogAnswer:
        while True:
            try:
                return await self._once(url)
            except (aiohttp.ClientError, OSError, ValueError) as error:
                log.warning("%s: %s", url, error)
            await self._sleep(AGAIN_SECONDS)

    async def _once(self, url: str) -> LogAnswer:
        status, body = await ask("PUT", url, self._token, self._limit)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ValueError(f"HTTP {status}")  # it may be well again in a moment
        if status != HTTPStatus.OK:
            return LogAnswer(fault=f"the API service answered {status}")
        decoded: object = orjson.loads(body)
        said = cast("dict[str, object]", decoded) if isinstance(decoded, dict) else {}
        return LogAnswer(word(said.get("lastLine")), word(said.get("fault")))
