"""Tells the API service what history shall keep; it answers once that is on its disk."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Final, Protocol

import aiohttp

from stagework.api.facts import AnyFact, encoded
from stagework.service_client.exchange import ask
from stagework.service_client.results import LookupFailed

_NEVER: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
"""So a request is answered that will never be taken as it is."""


class NeverTaken(Exception):  # noqa: N818 - of what was sent, not a failure of the service
    """The service will not take these facts, however often they come."""


class FactStore(Protocol):
    """Whoever keeps facts."""

    async def post(self, facts: Sequence[AnyFact]) -> None:
        """Once it returns they are kept. Raises LookupFailed, or NeverTaken."""
        ...


class ServiceFacts:
    """Over the API service's `/v1/facts`, as the operator's ServiceAccount."""

    def __init__(self, url: str, token: Callable[[], str], timeout_seconds: float = 30.0) -> None:
        self._url = f"{url.rstrip('/')}/v1/facts"
        self._token = token
        self._limit = timeout_seconds

    async def post(self, facts: Sequence[AnyFact]) -> None:
        """See FactStore."""
        try:
            status, body = await ask("POST", self._url, self._token, self._limit, encoded(facts))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise LookupFailed(f"{self._url}: {error or type(error).__name__}") from error
        if status in _NEVER:
            raise NeverTaken(f"{self._url}: HTTP {status}: {body[:400].decode(errors='replace')}")
        if status != HTTPStatus.NO_CONTENT:
            raise LookupFailed(f"{self._url}: HTTP {status}")
