"""One HTTP exchange with the standard library: bodies are streamed, never held in memory.

Redirects are returned, not followed: the caller must not send its token to another host.
An upload announces itself (`Expect: 100-continue`) so that a redirect or a refusal costs
nothing; a server that says nothing gets the body after a short wait, as RFC 9110 asks.
"""

from __future__ import annotations

import http.client
import io
import select
import socket
from collections.abc import Mapping
from typing import BinaryIO, Final, NamedTuple, Protocol
from urllib.parse import urlsplit

CHUNK_BYTES: Final = 1024 * 1024
_HEAD_MAX_BYTES: Final = 64 * 1024
_ANSWER_MAX_BYTES: Final = 16 * 1024 * 1024
_CONTINUE_WAIT_SECONDS: Final = 2.0
_CONTINUE: Final = 100
_SUCCESS: Final = range(200, 300)


class Sink(Protocol):
    """Where downloaded bytes go."""

    def write(self, chunk: bytes, /) -> int:
        """Add bytes."""
        ...


class Answer(NamedTuple):
    """Status, headers (lower case) and the body, unless that went into a sink."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class CutOff(OSError):  # noqa: N818
    """The connection ended before the whole body had come."""


def exchange(
    method: str,
    url: str,
    headers: Mapping[str, str],
    *,
    body: BinaryIO | None = None,
    size: int = 0,
    sink: Sink | None = None,
    timeout: float = 30.0,
    verify: bool = True,
) -> Answer:
    """Send one request; raises OSError or http.client.HTTPException when no answer came.

    `body` gives `size` bytes; a 2xx answer's body goes into `sink` if there is one.
    `timeout` (seconds) holds for each wait on the socket.
    """
    parts = urlsplit(url)
    connection = _connect(parts.scheme, parts.hostname or "", parts.port, timeout, verify=verify)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.putrequest(method, target)
        for name, value in {"Connection": "close", **headers}.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(size))
        if size:
            connection.putheader("Expect", "100-continue")
        connection.endheaders()
        if body is not None and size:
            early = _early_answer(connection.sock)
            if early is not None:
                return early
            _send(connection, body, size)  # Or as much of it as the server waits for.
        with connection.getresponse() as response:
            return _read(response, sink)
    finally:
        connection.close()


def _connect(
    scheme: str, host: str, port: int | None, timeout: float, *, verify: bool
) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=timeout)
    if scheme != "https":
        raise http.client.InvalidURL(f"neither http nor https: {scheme!r}")
    import ssl  # noqa: PLC0415  (slow to import, and most stages speak plain HTTP)

    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=timeout, context=context)


def _send(connection: http.client.HTTPConnection, body: BinaryIO, size: int) -> None:
    """Send `size` bytes; fewer where the server answers meanwhile: it wants no more then.

    A busy server may say its refusal later than we waited for it, and close. What it said is
    still there to be read, also where the connection breaks under our hands.
    """
    left = size
    while left and not _has_answered(connection.sock):
        chunk = body.read(min(CHUNK_BYTES, left))
        if not chunk:
            raise CutOff(f"the file became shorter while it was sent, by {left} bytes")
        try:
            connection.send(chunk)
        except ConnectionError:
            if _has_answered(connection.sock):
                return
            raise
        left -= len(chunk)


def _has_answered(sock: socket.socket) -> bool:
    ready, _, _ = select.select([sock], [], [], 0)
    return bool(ready)


def _early_answer(sock: socket.socket) -> Answer | None:
    """What the server says before the body: None for "go on", else its final answer."""
    ready, _, _ = select.select([sock], [], [], _CONTINUE_WAIT_SECONDS)
    if not ready:
        return None
    head = bytearray()
    while not head.endswith(b"\r\n\r\n"):
        # Byte by byte, so that nothing of a following answer is taken from the socket.
        byte = sock.recv(1)
        if not byte or len(head) > _HEAD_MAX_BYTES:
            raise CutOff("the server closed the connection instead of answering")
        head += byte
    first, _, rest = bytes(head).partition(b"\r\n")
    try:
        status = int(first.split(b" ", 2)[1])
    except (IndexError, ValueError) as error:
        raise http.client.BadStatusLine(first.decode("latin-1")) from error
    if status == _CONTINUE:
        return None
    parsed = http.client.parse_headers(io.BytesIO(rest))
    headers = {name.lower(): value for name, value in parsed.items()}
    length = headers.get("content-length", "0")
    wanted = min(int(length) if length.isdigit() else 0, _HEAD_MAX_BYTES)
    content = bytearray()
    while len(content) < wanted:
        part = sock.recv(wanted - len(content))
        if not part:
            break
        content += part
    return Answer(status, headers, bytes(content))


def _read(response: http.client.HTTPResponse, sink: Sink | None) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    memory = io.BytesIO()
    target: Sink = sink if sink is not None and response.status in _SUCCESS else memory
    expected = response.length
    received = 0
    while chunk := response.read(CHUNK_BYTES):
        received += len(chunk)
        if target is memory and received > _ANSWER_MAX_BYTES:
            raise http.client.HTTPException("the answer is too long")
        target.write(chunk)
    if expected is not None and received != expected:
        raise CutOff(f"got {received} of {expected} bytes")
    return Answer(response.status, headers, memory.getvalue())
