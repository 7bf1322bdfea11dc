"""One role's endpoint: places, time, and the two kinds of requests."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import msgspec

from stagework.model_gateway.errors import (
    Busy,
    EndpointError,
    NotSet,
    RateLimited,
    Refused,
    Slow,
    Unfit,
)
from stagework.model_gateway.forms import FormRewriter
from stagework.model_gateway.replies import READERS
from stagework.model_gateway.upstream import Upstream
from stagework.settings import EndpointSettings

CHAT: Final = "chat/completions"
"""Path of the protocol for conversations."""
TRANSCRIPTIONS: Final = "audio/transcriptions"
"""Path of the protocol for recordings."""
PATHS: Final = {
    "chat": CHAT,
    "vision": CHAT,
    "images": "images/generations",
    "embeddings": "embeddings",
    "transcription": TRANSCRIPTIONS,
}
"""Role to the one path of the protocol that it serves."""
_NAMELESS: Final = "endpoint"
"""What stands in replies for the model's name where no machine class is set."""


class _Address(msgspec.Struct):
    url: str = ""


class _Part(msgspec.Struct):
    image_url: _Address | None = None


class _Message(msgspec.Struct):
    content: str | list[_Part] | None = None


class Endpoint:
    """Asks one server; at most `maxConcurrent` requests at once, each within `timeoutSeconds`."""

    def __init__(
        self, role: str, settings: EndpointSettings, session: Callable[[], aiohttp.ClientSession]
    ) -> None:
        self.role = role
        self.settings = settings
        self.label = settings.machine or _NAMELESS
        self._places = asyncio.Semaphore(settings.maxConcurrent)
        self._upstream = Upstream(role, settings, session)

    def check(self, path: str) -> None:
        """Raise NotSet for a path that this role does not serve."""
        if path != PATHS[self.role]:
            raise NotSet(f"role {self.role} serves only {PATHS[self.role]}")

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None, None]:
        """Wait for a free place and hold it; everything inside shares the request's time."""
        waiting = True
        try:
            async with asyncio.timeout(self.settings.timeoutSeconds), self._places:
                waiting = False
                yield
        except TimeoutError:
            seconds = f"{self.settings.timeoutSeconds:g} s"
            if waiting:
                raise Busy(f"the {self.role} endpoint had no free place for {seconds}") from None
            raise Slow(f"the {self.role} endpoint gave no reply within {seconds}") from None

    async def ask(self, path: str, body: bytes) -> dict[str, Any]:
        """A request in JSON; the model's name in it is replaced."""
        raw = await self._upstream.post(path, self._with_our_model(body), "application/json")
        return READERS[path](raw, self.label)

    async def send(self, content_type: str, chunks: AsyncIterator[bytes]) -> dict[str, Any]:
        """A recording as a form, passed on as it comes; the model's name in it is replaced."""
        form = FormRewriter(content_type, self.settings.model)
        own_errors: list[Exception] = []

        async def rewritten() -> AsyncIterator[bytes]:
            try:
                async for chunk in chunks:
                    if piece := form.feed(chunk):
                        yield piece
                yield form.finish()
            except Exception as error:
                own_errors.append(error)
                raise

        try:
            raw = await self._upstream.post(TRANSCRIPTIONS, rewritten(), form.content_type)
        except EndpointError as error:
            # What goes wrong on our side of the upload looks like a lost connection from there.
            if own_errors:
                raise own_errors[0] from None
            if isinstance(error, (Refused, Unfit, RateLimited)):
                # The caller hears an answer only when it has sent everything.
                async for _ in chunks:
                    pass
            raise
        return READERS[TRANSCRIPTIONS](raw, self.label)

    def _with_our_model(self, body: bytes) -> bytes:
        # The values stay as they came: pictures in them are megabytes.
        try:
            fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise Unfit("the request is not a JSON object") from None
        if bytes(fields.pop("stream", msgspec.Raw(b"false"))).strip() not in (b"false", b"null"):
            raise Unfit("streaming is not supported: leave `stream` out")
        fields.pop("stream_options", None)
        fields.pop("user", None)
        if "messages" in fields:
            _check_pictures(fields["messages"])
        fields["model"] = msgspec.Raw(msgspec.json.encode(self.settings.model))
        return msgspec.json.encode(fields)


def _check_pictures(messages: msgspec.Raw) -> None:
    """Pictures come with the request: an address would make the server fetch it for the Pod."""
    try:
        decoded = msgspec.json.decode(messages, type=list[_Message])
    except (msgspec.MsgspecError, RecursionError):
        raise Unfit("the messages are not of the protocol") from None
    for message in decoded:
        parts = message.content if isinstance(message.content, list) else []
        addresses = [part.image_url.url for part in parts if part.image_url is not None]
        if not all(address.startswith("data:") for address in addresses):
            raise Unfit("pictures must come as data: addresses, within the request")
