"""Fetch a run's `https://` input for its stages: from hosts that an administrator has allowed.

1. Only https, only a host of `artifacts.inputHosts`, no user or password in the address.
2. The name is resolved once, each address is judged, and the connection goes to a judged one:
   a name that changes its mind in between (rebinding) changes nothing.
3. A redirect is followed on the same host only, three times at most.
4. Never more bytes than the limit for one file. No header, cookie or token of ours is sent, and
   no proxy of the environment is used: it would resolve the name for itself.

The connection is aiohttp's; the rules on addresses are handed to it as the resolver that it asks
and as the maker of its sockets.
"""

import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote, urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from stagework.web.errors import ProblemError, bad_request, forbidden

_CHUNK_BYTES: Final = 1024 * 1024
_BUFFER_BYTES: Final = 256 * 1024
_REDIRECTS_MAX: Final = 3
_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, connect=20.0, sock_read=20.0)
_HTTPS_PORT: Final = 443
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_AddrInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]
_HEADERS: Final = {"Accept": "*/*", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Address:
    """A checked address to fetch from."""

    host: str
    port: int
    target: str
    name: str

    @property
    def url(self) -> str:
        """The address as it is asked for, without a fragment."""
        origin = URL.build(scheme="https", host=self.host, port=self.port)
        return f"{origin}{self.target}"


@dataclass(frozen=True)
class Download:
    """What comes from outside; `size` is None where the server does not say it."""

    name: str
    size: int | None
    chunks: AsyncIterator[bytes]
    etag: str = ""
    """As the server says it; empty where it does not."""


def check_url(url: str, hosts: tuple[str, ...]) -> Address:
    """Judge a URL by its text alone; raises ProblemError."""
    try:
        parts = urlsplit(url)
        port = parts.port or _HTTPS_PORT
    except ValueError:
        raise bad_request(f"not a URL: {url[:200]!r}") from None
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme != "https" or not host:
        raise bad_request("inputs are fetched by https only", "upload the file instead")
    if parts.username is not None or parts.password is not None:
        raise bad_request("an input's address must not hold a user name or password")
    allowed = {allowed_host.lower() for allowed_host in hosts}
    if f"{host}:{port}" not in allowed and not (port == _HTTPS_PORT and host in allowed):
        raise forbidden(
            f"inputs may not be fetched from {host!r}",
            "an administrator can add it to artifacts.inputHosts; or upload the file instead",
        )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii() or any(ord(char) <= ord(" ") for char in target):
        raise bad_request("an input's address must be percent-encoded")
    return Address(host, port, target, unquote(parts.path).rpartition("/")[2] or "input")


def is_forbidden_address(text: str) -> bool:
    """True for addresses of this machine, of the link (cloud metadata), and for no-addresses."""
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    judged = mapped or address
    return (
        judged.is_loopback
        or judged.is_link_local
        or judged.is_multicast
        or judged.is_unspecified
        or judged.is_reserved
    )


class _JudgingResolver(AbstractResolver):
    """Resolves a name once and raises ProblemError where any of its addresses is forbidden."""

    def __init__(self, forbidden_address: Callable[[str], bool]) -> None:
        self._forbidden = forbidden_address
        self._system = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name; aiohttp connects to no others."""
        results = await self._system.resolve(host, port, family)
        if any(self._forbidden(result["host"]) for result in results):
            raise _inside(host)
        return results

    async def close(self) -> None:
        """Nothing is held open."""


class HttpsSource:
    """Fetches over https; `forbidden_address` and `context` are replaced in tests only."""

    def __init__(
        self,
        hosts: tuple[str, ...],
        max_bytes: int,
        *,
        forbidden_address: Callable[[str], bool] = is_forbidden_address,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._hosts = hosts
        self._max = max_bytes
        self._forbidden = forbidden_address
        self._context = context
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, url: str) -> Download:
        """Start to fetch; raises ProblemError where it may not be or cannot be fetched."""
        download = await self.fetch_changed(url, "")
        if download is None:
            raise _failed("the input's server says that nothing has changed")
        return download

    async def fetch_changed(self, url: str, etag: str) -> Download | None:
        """The same; None where the server still has what `etag` is of."""
        first = check_url(url, self._hosts)
        address = first
        for _ in range(_REDIRECTS_MAX + 1):
            response = await self._get(address, etag)
            if response.status == HTTPStatus.NOT_MODIFIED:
                response.close()
                return None
            if response.status not in _REDIRECTS:
                return self._download(first, response)
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
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _get(self, address: Address, etag: str) -> aiohttp.ClientResponse:
        try:
            return await self._connected().get(
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

    def _judged_socket(self, addr_info: _AddrInfo) -> socket.socket:
        """Every connection begins here, also one to an address that stood in the URL itself."""
        family, kind, protocol, _, peer = addr_info
        if self._forbidden(str(peer[0])):
            raise _inside(str(peer[0]))
        return socket.socket(family, kind, protocol)

    def _download(self, address: Address, response: aiohttp.ClientResponse) -> Download:
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
        return Download(address.name, size, self._chunks(response), etag)

    async def _chunks(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        received = 0
        try:
            async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                received += len(chunk)
                if received > self._max:
                    # Too late for a clear answer; the caller sees a broken connection.
                    raise OSError("the input is larger than its server has said")
                yield chunk
        finally:
            response.close()

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=_JudgingResolver(self._forbidden),
                use_dns_cache=False,
                socket_factory=self._judged_socket,
                # Each request resolves and judges anew: no connection is used twice.
                force_close=True,
                limit=0,
                ssl=self._context or ssl.create_default_context(),
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=_TIMEOUT,
                headers=_HEADERS,
                skip_auto_headers=("User-Agent",),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                read_bufsize=_BUFFER_BYTES,
                trust_env=False,
            )
        return self._session


def _inside(host: str) -> ProblemError:
    """The host is where nobody from outside should reach."""
    return forbidden(f"the input's host {host!r} is inside this machine or link")


def _failed(error: str) -> ProblemError:
    return ProblemError(HTTPStatus.FAILED_DEPENDENCY, error, "check spec.input.uri")


def _try_later(error: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE, error, "it will be tried again", {"Retry-After": "5"}
    )
