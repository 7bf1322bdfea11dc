"""What can a chat server do? Asked once with two tiny requests, and kept while we run.

1. Does it keep to a JSON Schema in `response_format`? Its reply must fit a tiny one.
2. Does it take pictures? It must not refuse a message with a small grey one (vision only).
A server that is away tells nothing: it is asked again, but not more often than every 10 s.
"""

import asyncio
import base64
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from stagework.model_gateway.endpoint import CHAT, PATHS, Endpoint
from stagework.model_gateway.errors import EndpointError, Unfit

PROBE_SECONDS: Final = 20.0
"""Longest time of a probe; a stage waits for it."""
AGAIN_SECONDS: Final = 10.0
"""A server that did not answer is asked again after so long."""
_SIDE: Final = 64
_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"ready": {"type": "boolean"}},
    "required": ["ready"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Abilities:
    """What the server was seen to be able to do; None where it has not answered yet."""

    json_schema: bool | None = None
    images: bool | None = None


class Probe:
    """Knows what one role's server can do, once it has answered."""

    def __init__(self, endpoint: Endpoint, clock: Callable[[], float]) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._lock = asyncio.Lock()
        self._not_before = float("-inf")
        self.known = Abilities()
        """What is known by now."""

    @property
    def is_done(self) -> bool:
        """True where there is nothing (more) to ask."""
        if PATHS[self._endpoint.role] != CHAT:
            return True
        images_known = self._endpoint.role != "vision" or self.known.images is not None
        return self.known.json_schema is not None and images_known

    async def run(self) -> Abilities:
        """What the server can do; asks it if that is not known. Never fails."""
        async with self._lock:
            if self.is_done or self._clock() < self._not_before:
                return self.known
            try:
                async with asyncio.timeout(PROBE_SECONDS):
                    await self._ask()
            except (EndpointError, TimeoutError):
                self._not_before = self._clock() + AGAIN_SECONDS
            return self.known

    async def _ask(self) -> None:
        if self.known.json_schema is None:
            self.known = Abilities(await self._keeps_to_schema(), self.known.images)
        if self._endpoint.role == "vision" and self.known.images is None:
            self.known = Abilities(self.known.json_schema, await self._takes_pictures())

    async def _keeps_to_schema(self) -> bool:
        form = {"type": "json_schema", "json_schema": {"name": "Ready", "schema": _SCHEMA}}
        reply = await self._chat("Are you ready?", response_format=form)
        if reply is None:
            return False
        try:
            fields = msgspec.json.decode(reply, type=dict[str, bool])
        except (msgspec.MsgspecError, RecursionError):
            return False
        return set(fields) == {"ready"}

    async def _takes_pictures(self) -> bool:
        address = "data:image/png;base64," + base64.b64encode(grey_picture()).decode("ascii")
        parts = [
            {"type": "text", "text": "Which colour is this?"},
            {"type": "image_url", "image_url": {"url": address}},
        ]
        return await self._chat(parts) is not None

    async def _chat(self, content: object, **more: object) -> str | None:
        """The reply's text; None where the server refuses such a request."""
        body = {"messages": [{"role": "user", "content": content}], **more}
        try:
            async with self._endpoint.place():
                reply = await self._endpoint.ask(CHAT, msgspec.json.encode(body))
        except Unfit:
            return None
        choices = reply["choices"]
        return (choices[0]["message"].get("content") or "") if choices else ""


def grey_picture() -> bytes:
    """A small PNG; some servers refuse smaller ones."""
    rows = b"".join(b"\0" + b"\x80" * _SIDE for _ in range(_SIDE))
    head = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
