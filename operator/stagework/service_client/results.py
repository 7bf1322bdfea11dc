"""Asks the API service what an attempt has stored, for Pods that vanished before they were seen."""

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Protocol, cast

import aiohttp
import orjson

from stagework.plans.pipelinejob.snapshot import FoundResult, Lookup
from stagework.service_client.exchange import AT_ONCE, ask, word

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
        self._limit = timeout_seconds
        self._places = asyncio.Semaphore(AT_ONCE)

    async def look_up(self, namespace: str, run_uid: str, stage: str, attempt: int) -> Lookup:
        """See ResultStore."""
        url = f"{self._url}/v1/results/{namespace}/{run_uid}/{stage}/{attempt}"
        try:
            async with self._places:
                status, body = await ask("GET", url, self._token, self._limit)
            if status != HTTPStatus.OK:
                raise LookupFailed(f"{url}: HTTP {status}")
            document = orjson.loads(body)
        except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError) as error:
            raise LookupFailed(f"{url}: {error}") from error
        found = results_in(document)
        return Lookup(found[0], tuple(found[1:])) if found else Lookup(None)


def results_in(document: object) -> list[FoundResult]:
    """Of every Pod of the attempt that has stored one: normally of one, or of none.

    A stage has written them: what is not as documented counts as not said.
    """
    listed = _object(document).get("results")
    entries = cast("list[object]", listed) if isinstance(listed, list) else []
    return [_result(_object(entry)) for entry in entries]


def _result(entry: Mapping[str, object]) -> FoundResult:
    result = _object(entry.get("result"))
    counts = result.get("counts")
    counted = _object(counts)
    return FoundResult(
        pod=word(entry.get("pod")),
        digest=word(entry.get("digest")),
        outcome=word(result.get("outcome")),
        reason=word(result.get("reason"))[:_REASON_MAX],
        message=" ".join(word(result.get("message")).split())[:_MESSAGE_MAX],
        items=counted.get("items"),
        failed_items=counted.get("failed"),
        exit_code=result.get("exitCode"),
        odd_counts=None if isinstance(counts, dict) else counts,
        skips=result.get("skips"),
    )


def _object(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
