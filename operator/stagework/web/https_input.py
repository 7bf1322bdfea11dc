"""Fetch a run's `https://` input for its stages: from hosts that an administrator has allowed.

1. Only https, only a host of `artifacts.inputHosts`, no user or password in the address.
2. The name is resolved once, each address is judged, and the connection goes to a judged one:
   a name that changes its mind in between (rebinding) changes nothing.
3. A redirect is followed on the same host only, three times at most.
4. Never more bytes than the limit for one file. No header or token of ours is sent.
"""

import asyncio
import http.client
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

from stagework.web.errors import ProblemError, bad_request, forbidden

_CHUNK_BYTES: Final = 1024 * 1024
_REDIRECTS_MAX: Final = 3
_TIMEOUT_SECONDS: Final = 20.0
_HTTPS_PORT: Final = 443
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True)
class Address:
    """A checked address to fetch from."""

    host: str
    port: int
    target: str
    name: str


@dataclass(frozen=True)
class Fetched:
    """What comes from outside; `size` is None where the server does not say it."""

    name: str
    size: int | None
    chunks: AsyncIterator[bytes]


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
    allowed = {each.lower() for each in hosts}
    if f"{host}:{port}" not in allowed and not (port == _HTTPS_PORT and host in allowed):
        raise forbidden(
            f"inputs may not be fetched from {host!r}",
            "an administrator can add it to artifacts.inputHosts; or upload the file instead",
        )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii() or any(ord(each) <= ord(" ") for each in target):
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

    async def fetch(self, url: str) -> Fetched:
        """Start to fetch; raises ProblemError where it may not be or cannot be fetched."""
        first = check_url(url, self._hosts)
        address = first
        for _ in range(_REDIRECTS_MAX + 1):
            response, connection = await asyncio.to_thread(self._request, address)
            if response.status not in _REDIRECTS:
                return await self._answer(first, response, connection)
            base = f"https://{address.host}:{address.port}{address.target}"
            location = urljoin(base, response.getheader("Location") or "")
            _close(response, connection)
            address = check_url(location, self._hosts)
            if (address.host, address.port) != (first.host, first.port):
                raise forbidden(
                    f"the input's server sends us to another host: {address.host!r}",
                    "name the final address in spec.input.uri",
                )
        raise _failed("the input's server redirects without end")

    async def _answer(
        self,
        address: Address,
        response: http.client.HTTPResponse,
        connection: http.client.HTTPConnection,
    ) -> Fetched:
        if response.status != HTTPStatus.OK:
            _close(response, connection)
            if response.status in (429, *range(500, 600)):
                raise _try_later(f"the input's server answered {response.status}")
            raise _failed(f"the input's server answered {response.status}")
        if response.length is not None and response.length > self._max:
            _close(response, connection)
            raise ProblemError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"the input has {response.length} bytes, more than {self._max}",
                "an administrator can raise artifacts.maxFileBytes",
            )
        return Fetched(address.name, response.length, self._chunks(response, connection))

    async def _chunks(
        self, response: http.client.HTTPResponse, connection: http.client.HTTPConnection
    ) -> AsyncIterator[bytes]:
        received = 0
        try:
            while chunk := await asyncio.to_thread(response.read, _CHUNK_BYTES):
                received += len(chunk)
                if received > self._max:
                    # Too late for a clear answer; the caller sees a broken connection.
                    raise OSError("the input is larger than its server has said")
                yield chunk
        finally:
            _close(response, connection)

    def _request(
        self, address: Address
    ) -> tuple[http.client.HTTPResponse, http.client.HTTPConnection]:
        connection = self._connect(address)
        try:
            connection.request(
                "GET", address.target, headers={"Accept-Encoding": "identity", "Accept": "*/*"}
            )
            return connection.getresponse(), connection
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise _try_later(
                f"the input's server does not answer: {type(error).__name__}"
            ) from error

    def _connect(self, address: Address) -> http.client.HTTPConnection:
        try:
            found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise _try_later(f"the input's host {address.host!r} has no address") from error
        numbers = [str(each[4][0]) for each in found]
        if any(self._forbidden(number) for number in numbers):
            raise forbidden(f"the input's host {address.host!r} is inside this machine or link")
        context = self._context or ssl.create_default_context()
        connection = http.client.HTTPSConnection(
            address.host, address.port, timeout=_TIMEOUT_SECONDS, context=context
        )
        try:
            plain = socket.create_connection((numbers[0], address.port), _TIMEOUT_SECONDS)
            connection.sock = context.wrap_socket(plain, server_hostname=address.host)
        except OSError as error:
            raise _try_later(
                f"the input's server cannot be reached: {type(error).__name__}"
            ) from error
        return connection


def _close(response: http.client.HTTPResponse, connection: http.client.HTTPConnection) -> None:
    # A response that ends with its connection owns the socket; the connection does not know it.
    response.close()
    connection.close()


def _failed(error: str) -> ProblemError:
    return ProblemError(HTTPStatus.FAILED_DEPENDENCY, error, "check spec.input.uri")


def _try_later(error: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE, error, "it will be tried again", {"Retry-After": "5"}
    )
