"""One request to the API service, as the operator's ServiceAccount.

All come from one address, of which the service takes so many connections at once and ends the next
one (`settings.api.maxConnectionsPerPeer`). So whoever asks about many objects asks `AT_ONCE`
questions at the same time, and the next ones wait for a place.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import aiohttp

AT_ONCE: Final = 16
"""Questions of one kind under way at the same time."""


async def ask(
    method: str,
    url: str,
    token: Callable[[], str],
    limit_seconds: float,
    body: bytes | None = None,
) -> tuple[int, bytes]:
    """Status and body; raises aiohttp.ClientError, TimeoutError, or OSError (also for the token).

    `token`: reads it, which may wait for a disk; `limit_seconds`: for all but that; `body`: JSON.
    """
    headers = {"Authorization": f"Bearer {await asyncio.to_thread(token)}"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=limit_seconds)) as session,
        session.request(method, url, headers=headers, data=body) as answer,
    ):
        return answer.status, await answer.read()


def word(value: object) -> str:
    """Text of an answer; empty where it is none."""
    return value if isinstance(value, str) else ""
