"""One request to a model server: the key goes in, a judged reply comes out.

Redirects are not followed: the key must not reach another host. Nothing of a request or a reply
is logged; of an error only its kind is told.
"""

import logging
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final

import aiohttp

from stagework.model_gateway.errors import Down, EndpointError, RateLimited, Refused, Unfit
from stagework.settings import EndpointSettings

REPLY_MAX_BYTES: Final = 64 * 1024 * 1024
"""A longer reply is given up: pictures and many vectors are less."""
_CHUNK_BYTES: Final = 64 * 1024
_RETRY_AFTER: Final = re.compile(r"[0-9]{1,6}|[A-Za-z]{3}, [0-9A-Za-z: ]{10,30}")
_UNFIT: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
_AGAIN: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY})

_log = logging.getLogger("stagework.model_gateway")


class Upstream:
    """The server of one role."""

    def __init__(
        self, role: str, settings: EndpointSettings, session: Callable[[], aiohttp.ClientSession]
    ) -> None:
        self._role = role
        self._settings = settings
        self._session = session

    async def post(
        self, path: str, body: bytes | aiohttp.FormData, headers: Mapping[str, str]
    ) -> bytes:
        """The body of a 200; raises an EndpointError for everything else."""
        try:
            return await self._post(path, body, headers)
        except EndpointError as error:
            fields = {"role": self._role, "path": path, "problem": type(error).__name__}
            _log.warning("model endpoint: %s", error, extra=fields)
            raise

    async def _post(
        self, path: str, body: bytes | aiohttp.FormData, headers: Mapping[str, str]
    ) -> bytes:
        headers = {**headers, "Accept": "application/json", **self._key()}
        try:
            async with self._session().post(
                f"{self._settings.url}/{path}", data=body, headers=headers, allow_redirects=False
            ) as answer:
                if answer.status == HTTPStatus.OK:
                    return await _body_of(answer)
                raise _error_for(self._role, answer.status, answer.headers.get("Retry-After", ""))
        except (aiohttp.ClientError, OSError) as error:
            raise Down(f"the {self._role} endpoint: {_cause(error)}") from None

    def _key(self) -> dict[str, str]:
        """The key, read anew each time: a Secret may be renewed."""
        if not self._settings.keyFile:
            return {}
        try:
            key = Path(self._settings.keyFile).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise Refused(f"the {self._role} endpoint's key file cannot be read") from None
        return {"Authorization": f"Bearer {key}"}


async def _body_of(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > REPLY_MAX_BYTES:
            raise Down("the reply is too long")
    return bytes(body)


def _error_for(role: str, status: int, retry_after: str) -> EndpointError:
    after = retry_after if _RETRY_AFTER.fullmatch(retry_after) else ""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited(f"the {role} endpoint asks to wait", after)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _AGAIN:
        return Down(f"the {role} endpoint answered {status}", after)
    if status in _UNFIT:
        return Unfit(f"the {role} endpoint refuses this request with {status}")
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Refused(f"the {role} endpoint refuses our key with {status}")
    return Refused(f"the {role} endpoint answered {status}: its address or model may be wrong")


def _cause(error: Exception) -> str:
    """What happened, without addresses."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return "no connection"
    if isinstance(error, (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError)):
        return "the connection was cut"
    return type(error).__name__
