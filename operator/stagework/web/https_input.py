"""Fetch a run's `https://` input for its stages: from hosts that an administrator has allowed.

1. Only https, only a host of `artifacts.inputHosts`, no user or password in the address.
2. The name is resolved once, each address is judged, and the connection goes to a judged one:
   a name that changes its mind in between (rebinding) changes nothing.
3. A redirect is followed on the same host only, three times at most.
4. Only global addresses, unless the host is one of `artifacts.internalHosts`.
5. So many at once, and of one namespace; never longer, slower or more bytes than the limits.
6. No header, cookie or token of ours is sent, and no proxy of the environment is used: it would
   resolve the name for itself.

The connection is aiohttp's; the rules on addresses are handed to it as the resolver that it asks
and as the maker of its sockets.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import urljoin

import aiohttp
from yarl import URL

from stagework.policies.shares import Shares
from stagework.settings import ArtifactSettings
from stagework.web.errors import ProblemError, forbidden
from stagework.web.https_addresses import (
    Address,
    JudgingResolver,
    check_url,
    inside,
    is_forbidden_address,
)

_CHUNK_BYTES: Final = 1024 * 1024
_BUFFER_BYTES: Final = 256 * 1024
_REDIRECTS_MAX: Final = 3
_READ_SECONDS: Final = 20.0
_GRACE_SECONDS: Final = 20.0
_HEAD_SECONDS: Final = 60.0
"""Redirects, connections and heads of answers together."""
_LEAST_BYTES_PER_SECOND: Final = 4096
"""A source that gives less, over all of its time but the first seconds, is given up."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_AddrInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]
_HEADERS: Final = {"Accept": "*/*", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Download:
    """What comes from outside; `size` is None where the server does not say it."""

    name: str
    size: int | None
    chunks: AsyncIterator[bytes]
    etag: str = ""
    """As the server says it; empty where it does not."""


class Forbidden(Protocol):
    """Judges an address."""

    def __call__(self, text: str, *, internal: bool) -> bool:
        """Whether it must not be reached; `internal`: its host is one of the own network."""
        ...


@dataclass(frozen=True)
class FetchLimits:
    """How much is fetched at once, and for how long."""

    at_once: int = 16
    of_namespace: int = 4
    seconds: float = 1800.0

    @classmethod
    def of(cls, settings: ArtifactSettings) -> "FetchLimits":
        """Those of the settings."""
        return cls(settings.maxInputs, settings.maxInputsPerNamespace, settings.maxInputSeconds)


class _Turns:
    """Who fetches now."""

    def __init__(self, limits: FetchLimits) -> None:
        self._shares = Shares(limits.at_once, limits.of_namespace)

    def take(self, namespace: str) -> Callable[[], None]:
        """One more; gives what ends it, once or more often. Raises ProblemError (429)."""
        if not self._shares.take(namespace):
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "other inputs are being fetched",
                "it will be tried again; artifacts.maxInputs and maxInputsPerNamespace limit",
                {"Retry-After": "5"},
            )
        taken = [namespace]

        def end() -> None:
            for of in taken:
                self._shares.give_back(of)
            taken.clear()

        return end


class HttpsSource:
    """Fetches over https; `forbidden_address` and `context` are replaced in tests only."""

    def __init__(
        self,
        hosts: tuple[str, ...],
        max_bytes: int,
        *,
        internal_hosts: tuple[str, ...] = (),
        limits: FetchLimits | None = None,
        forbidden_address: Forbidden = is_forbidden_address,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """`internal_hosts`: may be fetched from, too, and have addresses of the own network."""
        self._hosts = (*hosts, *internal_hosts)
        self._internal = internal_hosts
        self._max = max_bytes
        self._limits = limits or FetchLimits()
        self._turns = _Turns(self._limits)
        self._forbidden = forbidden_address
        self._context = context
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def fetch(self, url: str, namespace: str = "") -> Download:
        """Start to fetch; raises ProblemError where it may not be or cannot be fetched."""
        download = await self.fetch_changed(url, "", namespace)
        if download is None:
            raise _failed("the input's server says that nothing has changed")
        return download

    async def fetch_changed(self, url: str, etag: str, namespace: str = "") -> Download | None:
        """The same; None where the server still has what `etag` is of."""
        first = check_url(url, self._hosts)
        end = self._turns.take(namespace)
        try:
            async with asyncio.timeout(_HEAD_SECONDS):
                response = await self._answer(first, etag)
            if response is None:
                end()
                return None
            return self._download(first, response, end)
        except TimeoutError as error:
            end()
            raise _try_later("the input's server does not answer in time") from error
        except BaseException:
            end()
            raise

    async def _answer(self, first: Address, etag: str) -> aiohttp.ClientResponse | None:
        address = first
        for _ in range(_REDIRECTS_MAX + 1):
            response = await self._get(address, etag)
            if response.status == HTTPStatus.NOT_MODIFIED:
                response.close()
                return None
            if response.status not in _REDIRECTS:
                return response
            location = urljoin(address.url, response.headers.get("Location", ""))
            response.close()
            address = check_url(location, self._hosts)
            if (address.host, address.port) != (first.host, first.port):
                raise forbidden(
                    f"the input's server sends us to another host: {address.host!r}",
                    "name the final address in spec.input.uri",
                )
        raise _failed("the input's server redirects without end")

    async def close(self) -> None:
        """End all connections."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def _get(self, address: Address, etag: str) -> aiohttp.ClientResponse:
        try:
            return await self._connected(address).get(
                URL(address.url, encoded=True),
                allow_redirects=False,
                headers={"If-None-Match": etag} if etag else {},
            )
        except aiohttp.ClientConnectorDNSError as error:
            raise _try_later(f"the input's host {address.host!r} has no address") from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise _try_later(
                f"the input's server cannot be reached: {type(error).__name__}"
            ) from error
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            raise _try_later(
                f"the input's server does not answer: {type(error).__name__}"
            ) from error

    def _download(
        self, address: Address, response: aiohttp.ClientResponse, end: Callable[[], None]
    ) -> Download:
        if response.status != HTTPStatus.OK:
            response.close()
            if response.status in (429, *range(500, 600)):
                raise _try_later(f"the input's server answered {response.status}")
            raise _failed(f"the input's server answered {response.status}")
        size = response.content_length
        if size is not None and size > self._max:
            response.close()
            raise ProblemError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"the input has {size} bytes, more than {self._max}",
                "an administrator can raise artifacts.maxFileBytes",
            )
        etag = response.headers.get("ETag", "")
        return Download(address.name, size, self._chunks(response, end), etag)

    def _chunks(
        self, response: aiohttp.ClientResponse, end: Callable[[], None]
    ) -> AsyncIterator[bytes]:
        def give_up() -> None:
            # Also where nobody has begun to read.
            response.close()
            end()

        left = asyncio.get_running_loop().call_later(self._limits.seconds, give_up)

        async def chunks() -> AsyncIterator[bytes]:
            received, began = 0, time.monotonic()
            try:
                async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                    received += len(chunk)
                    seconds = time.monotonic() - began
                    if received > self._max:
                        # Too late for a clear answer; the caller sees a broken connection.
                        raise OSError("the input is larger than its server has said")
                    if received < (seconds - _GRACE_SECONDS) * _LEAST_BYTES_PER_SECOND:
                        raise OSError("the input comes too slowly")
                    yield chunk
            finally:
                left.cancel()
                give_up()

        return chunks()

    def _connected(self, address: Address) -> aiohttp.ClientSession:
        """Of hosts of the own network apart: what those may have no other host has."""
        known = {host.lower() for host in self._internal}
        internal = bool({address.host, f"{address.host}:{address.port}"} & known)
        session = self._sessions.get(internal)
        if session is None:
            session = self._sessions[internal] = _session(
                partial(self._forbidden, internal=internal), self._context
            )
        return session


def _session(
    is_forbidden: Callable[[str], bool], context: ssl.SSLContext | None
) -> aiohttp.ClientSession:
    def judged_socket(addr_info: _AddrInfo) -> socket.socket:
        """Every connection begins here, also one to an address that stood in the URL itself."""
        family, kind, protocol, _, peer = addr_info
        if is_forbidden(str(peer[0])):
            raise inside(str(peer[0]))
        return socket.socket(family, kind, protocol)

    connector = aiohttp.TCPConnector(
        resolver=JudgingResolver(is_forbidden),
        use_dns_cache=False,
        socket_factory=judged_socket,
        # Each request resolves and judges anew: no connection is used twice.
        force_close=True,
        limit=0,
        ssl=context or ssl.create_default_context(),
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None, connect=_READ_SECONDS, sock_read=_READ_SECONDS),
        headers=_HEADERS,
        skip_auto_headers=("User-Agent",),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        read_bufsize=_BUFFER_BYTES,
        trust_env=False,
    )


def _failed(error: str) -> ProblemError:
    return ProblemError(HTTPStatus.FAILED_DEPENDENCY, error, "check spec.input.uri")


def _try_later(error: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE, error, "it will be tried again", {"Retry-After": "5"}
    )
