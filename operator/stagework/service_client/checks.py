"""Asks the API service whether it, and what stands behind it, is well."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final, Protocol

import aiohttp
from pydantic import ValidationError

from stagework.api.health import ServiceHealth
from stagework.service_client.exchange import ask
from stagework.service_client.results import LookupFailed

PART_SECONDS: Final = 8
"""A store that has not answered for so long is away."""


class PartChecks(Protocol):
    """Whoever can say how the stores are."""

    async def ask(self) -> ServiceHealth:
        """As of now; raises LookupFailed where the service itself is away."""
        ...


class ServiceChecks:
    """Over the API service's `/v1/checks`, as the operator's ServiceAccount."""

    def __init__(self, url: str, token: Callable[[], str]) -> None:
        self._url = f"{url.rstrip('/')}/v1/checks?seconds={PART_SECONDS}"
        self._token = token

    async def ask(self) -> ServiceHealth:
        """See PartChecks."""
        try:
            status, body = await ask("GET", self._url, self._token, PART_SECONDS + 2.0)
            if status != HTTPStatus.OK:
                raise LookupFailed(f"HTTP {status}")
            return ServiceHealth.model_validate_json(body)
        except TimeoutError as error:
            raise LookupFailed(f"nothing for {PART_SECONDS + 2} s") from error
        except (aiohttp.ClientError, OSError, ValidationError) as error:
            raise LookupFailed(type(error).__name__) from error
