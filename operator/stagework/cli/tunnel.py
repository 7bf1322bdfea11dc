"""A request that ends in another protocol: its first answer, and then bytes both ways.

Nothing of what is said is understood here: whoever asks has made the handshake, and reads its
answer.
"""

import select
import socket
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from stagework.cli.cluster import Answer, Upgraded

CONNECT_SECONDS: Final = 10.0
QUIET_SECONDS: Final = 60.0
"""A connection on which neither side says anything for so long is over: ours say something every
few seconds.
"""
_PIECE: Final = 64 * 1024
_MOST_HEAD: Final = 64 * 1024


def upgraded(
    server: str,
    target: str,
    headers: Mapping[str, str],
    trust: ssl.SSLContext | None,
    server_name: str | None,
) -> Upgraded:
    """Ask; `server`: its base URL. Raises OSError without an answer."""
    parts = urlsplit(server)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    plain = socket.create_connection((host, port), CONNECT_SECONDS)
    connection = plain
    try:
        if trust is not None:
            connection = trust.wrap_socket(plain, server_hostname=server_name or host)
        connection.sendall(_head(target, parts.netloc, headers))
        answer, rest = _answered(connection)
    except BaseException:
        connection.close()
        raise
    if answer.status != HTTPStatus.SWITCHING_PROTOCOLS:
        connection.close()
        return Upgraded(answer)
    return Upgraded(answer, connection, rest)


def pass_on(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until either side ends, or nobody says anything."""
    both = {one: other, other: one}
    for end in both:
        end.settimeout(QUIET_SECONDS)
    while True:
        # What TLS has read already, no select knows of.
        ready = [end for end in both if isinstance(end, ssl.SSLSocket) and end.pending()]
        if not ready:
            ready, _, _ = select.select([*both], [], [], QUIET_SECONDS)
        if not ready:
            return
        for end in ready:
            piece = end.recv(_PIECE)
            if not piece:
                return
            both[end].sendall(piece)


def _head(target: str, host: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    # A line's end within one would begin another header.
    if any(end in line for line in lines for end in "\r\n"):
        raise OSError("a header cannot have a line's end in it")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _answered(connection: socket.socket) -> tuple[Answer, bytes]:
    """The head of the answer, and what came behind it."""
    read = b""
    while b"\r\n\r\n" not in read:
        piece = connection.recv(_PIECE)
        if not piece or len(read) > _MOST_HEAD:
            raise OSError("the answer was cut off")
        read += piece
    head, _, rest = read.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    words = status.split(" ", 2)
    if len(words) < 2 or not words[1].isdigit():  # noqa: PLR2004 - HTTP/1.1 and a status
        raise OSError("the answer is no HTTP")
    headers = (line.partition(":") for line in lines)
    return Answer(int(words[1]), rest, {k.strip(): v.strip() for k, _, v in headers}), rest
