"""A server that costs little: it looks for the end of a request and says always the same.

``python -m tests.bench.rawserver`` prints its address and serves until it is ended.
"""

import asyncio
import re
import sys
from typing import Final, cast

import uvloop

ANSWER_BYTES: Final = 3000
_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_ANSWER: Final = (
    b"HTTP/1.1 200 OK\r\n"
    b"Audit-Id: 0b5a4f7e-3c5e-4d0a-9a39-0d6c9f6c2f51\r\n"
    b"Cache-Control: no-cache, private\r\n"
    b"Content-Type: application/json\r\n"
    b"X-Kubernetes-Pf-Flowschema-Uid: 1f0e5a3c-8f0b-4b0e-9a37-6b0f2f0b6f11\r\n"
    b"X-Kubernetes-Pf-Prioritylevel-Uid: 7c1d7d2e-2f57-4d8b-8c55-3f9d3c1c7a20\r\n"
    b"Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
    b"Content-Length: %d\r\n\r\n" % ANSWER_BYTES
) + b"y" * ANSWER_BYTES
"""With the headers that an API server sends."""


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not derived from it

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._received += data
        head, end, body = self._received.partition(_END)
        length = _LENGTH.search(head)
        if end and len(body) >= (int(length[1]) if length else 0):
            self._received = b""  # nobody sends a second request before the answer
            self._transport.write(_ANSWER)


async def main() -> None:
    """Serve until ended."""
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    sys.stdout.write(f"http://{host}:{port}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
