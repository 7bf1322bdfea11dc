"""Asks the API service what an attempt has stored, for Pods that vanished before they were seen."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Protocol, cast

import aiohttp
import orjson

from stagework.plans.pipelinejob.snapshot import FoundResult, Lookup

_REASON_MAX = 63
_MESSAGE_MAX = 128


class ResultStore(Protocol):
    """Whoever can say what an attempt has stored."""

    async def look_up(self, namespace: str, run_uid: str, stage: str, attempt: int) -> Lookup:
        """The attempt's result, or that there is none; raises LookupFailed to be asked again."""
        ...


class LookupFailed(Exception):  # noqa: N818 - a state of things that passes
    """The API service did not answer; nothing is known."""


class ServiceResults:
    """Over the API service's `/v1/results`, as the operator's ServiceAccount."""

    def __init__(self, url: str, token: Callable[[], str], timeout_seconds: float = 10.0) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)

    async def look_up(self, namespace: str, run_uid: str, stage: str, attempt: int) -> Lookup:
        """See ResultStore."""
        url = f"{self._url}/v1/results/{namespace}/{run_uid}/{stage}/{attempt}"
        try:
            token = await asyncio.to_thread(self._token)
            headers = {"Authorization": f"Bearer {token}"}
            async with (
                aiohttp.ClientSession(timeout=self._timeout) as session,
                session.get(url, headers=headers) as answer,
            ):
                body = await answer.read()
                if answer.status != HTTPStatus.OK:
                    raise LookupFailed(f"{url}: HTTP {answer.status}")
                document = orjson.loads(body)
        except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError) as error:
            raise LookupFailed(f"{url}: {error}") from error
        return Lookup(_first_result(document))


def _first_result(document: Any) -> FoundResult | None:
    """The result of the one Pod whose gate was removed for this attempt; others never started."""
    results = cast("list[dict[str, Any]]", document.get("results", []))
    if not results:
        return None
    entry = results[0]
    result = cast("dict[str, Any]", entry.get("result", {}))
    counts = cast("dict[str, Any]", result.get("counts") or {})
    return FoundResult(
        pod=str(entry.get("pod", "")),
        digest=str(entry.get("digest", "")),
        outcome=str(result.get("outcome", "")),
        reason=str(result.get("reason") or "")[:_REASON_MAX],
        message=" ".join(str(result.get("message") or "").split())[:_MESSAGE_MAX],
        items=counts.get("items"),
        failed_items=counts.get("failed"),
    )
