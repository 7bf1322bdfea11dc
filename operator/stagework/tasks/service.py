"""What a task asks of the API service, as its own account."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import aiohttp
from pydantic import BaseModel, ValidationError

from stagekit.contract import HEADER_SHA256
from stagework.api.base import explain
from stagework.service_client.exchange import ask

ModelT = TypeVar("ModelT", bound=BaseModel)
STILL: Final = 120.0
"""A stream on which nothing has come for so many seconds is broken."""
_WELL: Final = frozenset({HTTPStatus.OK, HTTPStatus.NO_CONTENT})
PAGES_MAX: Final = 2000
"""So many pages of a list are read at most: a list that never ends is a fault of the service."""


class ServiceFailed(Exception):  # noqa: N818 - a state of things
    """The API service did not do what was asked; the text says why."""


class Service:
    """Over HTTP; every call raises ServiceFailed."""

    def __init__(self, url: str, token: Callable[[], str], timeout_seconds: float = 30.0) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._limit = timeout_seconds

    async def get(self, path: str, kind: type[ModelT], **params: str) -> ModelT:
        """An answer, checked."""
        return self._read(kind, await self._ask("GET", path, params))

    async def post(
        self, path: str, kind: type[ModelT], limit_seconds: float, **params: str
    ) -> ModelT:
        """Have something done that may take long."""
        return self._read(kind, await self._ask("POST", path, params, limit_seconds))

    async def pages(
        self, path: str, kind: type[ModelT], next_of: Callable[[ModelT], str], **params: str
    ) -> AsyncIterator[ModelT]:
        """A list, page by page."""
        after = ""
        for _ in range(PAGES_MAX):
            page = await self.get(path, kind, **params, **({"after": after} if after else {}))
            yield page
            after = next_of(page)
            if not after:
                return
        raise ServiceFailed(f"{path}: more than {PAGES_MAX} pages")

    async def send(self, path: str, body: bytes) -> None:
        """POST a body."""
        await self._ask("POST", path, {}, body=body)

    async def delete(self, path: str) -> None:
        """DELETE something."""
        await self._ask("DELETE", path, {})

    async def upload(self, path: str, file: Path, sha256: str) -> None:
        """PUT a file, as a stream."""
        size = await asyncio.to_thread(lambda: file.stat().st_size)
        headers = {HEADER_SHA256: sha256, "Content-Length": str(size)}
        with file.open("rb") as content:
            async with self._streaming("PUT", path, headers=headers, data=content):
                pass

    async def download(self, path: str, file: Path) -> None:
        """GET into a file."""
        async with self._streaming("GET", path) as answer:
            with file.open("wb") as target:
                async for chunk in answer.content.iter_chunked(1024 * 1024):
                    target.write(chunk)

    @asynccontextmanager
    async def _streaming(
        self, method: str, path: str, **more: Any
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        """Without a limit but that something has to come."""
        token = await asyncio.to_thread(self._token)
        headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._limit, sock_read=STILL)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.request(method, f"{self.url}{path}", headers=headers, **more) as answer,
            ):
                if answer.status not in _WELL:
                    text = (await answer.text(errors="replace"))[:300]
                    raise ServiceFailed(f"{path}: HTTP {answer.status}: {text}")
                yield answer
        except TimeoutError:
            raise ServiceFailed(f"{path}: nothing came for {STILL:.0f} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise ServiceFailed(f"{path}: {type(error).__name__}: {error}") from error

    async def _ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        limit_seconds: float | None = None,
        body: bytes | None = None,
    ) -> bytes:
        query = f"?{urlencode(params)}" if params else ""
        limit = limit_seconds or self._limit
        try:
            url = f"{self.url}{path}{query}"
            status, answer = await ask(method, url, self._token, limit, body)
        except TimeoutError:
            raise ServiceFailed(f"{path}: no answer within {limit:.0f} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise ServiceFailed(f"{path}: {type(error).__name__}: {error}") from error
        if status not in _WELL:
            raise ServiceFailed(f"{path}: HTTP {status}: {answer[:300].decode(errors='replace')}")
        return answer

    def _read(self, kind: type[ModelT], body: bytes) -> ModelT:
        try:
            return kind.model_validate_json(body)
        except ValidationError as error:
            raise ServiceFailed(f"an answer that is none: {explain(error)}") from error
