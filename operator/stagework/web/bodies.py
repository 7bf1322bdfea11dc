"""Bodies in and out: streamed, limited in size and in time, never held whole in memory."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import aiohttp
from fastapi import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.types import Send

from stagekit.contract import (
    CHECKSUM_SHA256,
    HEADER_CHECKSUM,
    HEADER_FILE_NAME,
    HEADER_SHA256,
)
from stagework.artifacts.errors import StoreError
from stagework.artifacts.store import OpenFile, Store
from stagework.settings import ApiServiceSettings, Settings
from stagework.web.artifact_path import LOG_FILE, checked_sha256
from stagework.web.errors import ProblemError, bad_request

IDLE_SECONDS: Final = 60.0
"""An upload that brings no byte for so long is ended."""
GRACE_SECONDS: Final = 20.0
"""So long no rate is asked of a body."""
_DIGITS_MAX: Final = 15
BYTES: Final = "application/octet-stream"
NEVER_RUN: Final = {
    "Content-Disposition": "attachment",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
}
"""Headers of what others have written: browsers save it, and run nothing of it in any case."""

_log = logging.getLogger("stagework.web")


def announced_size(request: Request) -> int:
    """The body's length; raises ProblemError where it is not announced."""
    text = request.headers.get("Content-Length", "")
    if not text:
        raise ProblemError(
            HTTPStatus.LENGTH_REQUIRED, "Content-Length is missing", "send the file's size"
        )
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        raise bad_request(f"not a Content-Length: {text[:40]!r}")
    return int(text)


def announced_sha256(request: Request, *, required: bool) -> str:
    """The body's digest in hex, lower case; empty where it is neither given nor required."""
    text = request.headers.get(HEADER_SHA256, "").strip().lower()
    if not text:
        if required:
            raise bad_request(f"{HEADER_SHA256} is missing", "send the sha256 of the file in hex")
        return ""
    return checked_sha256(text)


def sends_checksum(request: Request) -> bool:
    """Whether the caller sends the digest to a presigned address, as that demands."""
    return request.headers.get(HEADER_CHECKSUM, "").strip().lower() == CHECKSUM_SHA256


async def body_of(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes; raises ProblemError where it stops coming, or comes too slowly."""
    stream, rate = request.stream(), _Rate(_limits(request))
    while True:
        began = time.monotonic()
        try:
            async with asyncio.timeout(rate.patience_seconds):
                chunk = await anext(stream, None)
        except TimeoutError:
            rate.count(0, time.monotonic() - began)
            raise rate.too_slow() from None
        if chunk is None:
            return
        rate.count(len(chunk), time.monotonic() - began)
        yield chunk


class _Rate:
    """How fast a body comes; only the time counts for which its sender was waited for."""

    def __init__(self, limits: ApiServiceSettings) -> None:
        self._least = limits.leastBytesPerSecond
        self._longest = limits.maxBodySeconds
        self._received = 0
        self._waited = 0.0

    @property
    def patience_seconds(self) -> float:
        """How long the next piece may take."""
        allowed = min(GRACE_SECONDS + self._received / self._least, self._longest)
        return min(IDLE_SECONDS, allowed - self._waited)

    def count(self, size: int, seconds: float) -> None:
        """A piece came."""
        self._received += size
        self._waited += seconds

    def too_slow(self) -> ProblemError:
        """Nothing more is waited for."""
        return ProblemError(
            HTTPStatus.REQUEST_TIMEOUT,
            f"the body comes too slowly: {self._received} bytes in {self._waited:.0f} s",
            "send it again; an administrator can lower api.leastBytesPerSecond",
        )


def _limits(request: Request) -> ApiServiceSettings:
    settings: Settings = request.app.state.services.settings
    return settings.api


async def small_body(request: Request, limit: int) -> bytes:
    """A body of at most `limit` bytes; raises ProblemError for a longer one."""
    body = bytearray()
    async for chunk in body_of(request):
        body += chunk
        if len(body) > limit:
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {limit} bytes")
    return bytes(body)


class _Stream(StreamingResponse):
    """An answer whose source may break off: it is then cut, for its beginning has been sent.

    The server ends the connection of an answer that is not complete: the caller sees that.
    """

    async def stream_response(self, send: Send) -> None:
        """See StreamingResponse."""
        try:
            await super().stream_response(send)
        except (OSError, aiohttp.ClientError, StoreError) as error:
            _log.warning(
                "an answer was cut off", extra={"error": f"{type(error).__name__}: {error}"}
            )


def file_response(
    chunks: AsyncIterator[bytes], size: int | None, *, sha256: str = "", name: str = ""
) -> Response:
    """A file as an answer; browsers save it and never run it."""
    headers = {**NEVER_RUN, "Cache-Control": "private, no-store"}
    if size is not None:
        headers["Content-Length"] = str(size)
    if sha256:
        headers["ETag"] = f'"{sha256}"'
    if name:
        headers[HEADER_FILE_NAME] = quote(name)
    return _Stream(chunks, media_type=BYTES, headers=headers)


def stored_file_response(file: OpenFile, name: str = "") -> Response:
    """A stored file as an answer."""
    return file_response(file.chunks, file.size, sha256=file.sha256, name=name)


async def listed_files(store: Store, prefix: str) -> list[dict[str, object]]:
    """The files below a prefix, as answers list them; a kept log is no artifact."""
    entries = await store.files(prefix)
    return [{"path": e.path, "size": e.size} for e in entries if e.path != LOG_FILE]


def redirect(address: str, name: str = "") -> Response:
    """307 to a presigned address; it holds a permission, so nobody may keep it."""
    headers = {"Cache-Control": "no-store"}
    if name:
        headers[HEADER_FILE_NAME] = quote(name)
    return RedirectResponse(address, HTTPStatus.TEMPORARY_REDIRECT, headers)
