"""One request to the API service, as the operator's ServiceAccount."""

import asyncio
from collections.abc import Callable

import aiohttp


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
