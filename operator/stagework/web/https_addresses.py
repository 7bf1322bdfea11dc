"""Which addresses an input may be fetched from: judged as text, then as what a name stands for.

An address that is not global is inside somebody's network: it is reached only where an
administrator says so of its host. This machine and its link (cloud metadata) are never reached.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from stagework.web.errors import ProblemError, bad_request, forbidden

HTTPS_PORT: Final = 443
_RESOLVING: Final = 4
"""Names that are looked up at the same time: a slow name server must not hold other threads."""
_TRANSLATED: Final = ipaddress.ip_network("64:ff9b::/96")
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


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


def check_url(url: str, hosts: tuple[str, ...]) -> Address:
    """Judge a URL by its text alone; raises ProblemError."""
    try:
        parts = urlsplit(url)
        port = parts.port or HTTPS_PORT
    except ValueError:
        raise bad_request(f"not a URL: {url[:200]!r}") from None
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme != "https" or not host:
        raise bad_request("inputs are fetched by https only", "upload the file instead")
    if parts.username is not None or parts.password is not None:
        raise bad_request("an input's address must not hold a user name or password")
    allowed = {allowed_host.lower() for allowed_host in hosts}
    if f"{host}:{port}" not in allowed and not (port == HTTPS_PORT and host in allowed):
        raise forbidden(
            f"inputs may not be fetched from {host!r}",
            "an administrator can add it to artifacts.inputHosts; or upload the file instead",
        )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii() or any(ord(char) <= ord(" ") for char in target):
        raise bad_request("an input's address must be percent-encoded")
    return Address(host, port, target, unquote(parts.path).rpartition("/")[2] or "input")


def is_forbidden_address(text: str, *, internal: bool = False) -> bool:
    """Whether an address must not be reached; `internal`: its host is one of our own network."""
    address = _of_version_4(ipaddress.ip_address(text.partition("%")[0]))
    return (
        not (internal or address.is_global)
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address.is_reserved
    )


def _of_version_4(address: _Address) -> _Address:
    """The address of version 4 that one of version 6 leads to, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in _TRANSLATED:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address


class JudgingResolver(AbstractResolver):
    """Resolves a name once and raises ProblemError where any of its addresses is forbidden.

    It has threads of its own.
    """

    def __init__(self, forbidden_address: Callable[[str], bool]) -> None:
        self._forbidden = forbidden_address
        self._threads = ThreadPoolExecutor(_RESOLVING, "https-names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name; aiohttp connects to no others."""

        def asked() -> list[ResolveResult]:
            flags = socket.AI_ADDRCONFIG
            found = socket.getaddrinfo(
                host, port, family=family, type=socket.SOCK_STREAM, flags=flags
            )
            return [
                ResolveResult(
                    hostname=host,
                    host=str(address[0]),
                    port=port,
                    family=of,
                    proto=protocol,
                    flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
                )
                for of, _, protocol, _, address in found
            ]

        results = await asyncio.get_running_loop().run_in_executor(self._threads, asked)
        if any(self._forbidden(result["host"]) for result in results):
            raise inside(host)
        return results

    async def close(self) -> None:
        """Its threads end once they have their answers."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def inside(host: str) -> ProblemError:
    """The host is where nobody from outside should reach."""
    return forbidden(
        f"the input's host {host!r} is inside this machine, link or network",
        "an administrator can add hosts of the own network to artifacts.internalHosts",
    )
