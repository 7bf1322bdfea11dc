"""One role's endpoint: places, time, and the two kinds of requests."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp

from stagework.model_gateway.errors import Busy, NotAllowed, NotSet, Slow
from stagework.model_gateway.forms import Recording
from stagework.model_gateway.replies import READERS
from stagework.model_gateway.requests import rebuilt
from stagework.model_gateway.turns import Budgets, Turns
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


OWN: Final = "-"
"""Stands for a namespace where we ask for ourselves."""


class Endpoint:
    """Asks one server; at most `maxConcurrent` requests at once, each within `timeoutSeconds`."""

    def __init__(
        self,
        role: str,
        settings: EndpointSettings,
        session: Callable[[], aiohttp.ClientSession],
        clock: Callable[[], float],
    ) -> None:
        self.role = role
        self.settings = settings
        self.label = settings.machine or _NAMELESS
        most = settings.maxConcurrent
        self._turns = Turns(most, settings.maxConcurrentPerNamespace or most)
        self._budgets = Budgets(settings.requestsPerMinute, clock)
        self._upstream = Upstream(role, settings, session)

    def check(self, path: str) -> None:
        """Raise NotSet for a path that this role does not serve."""
        if path != PATHS[self.role]:
            raise NotSet(f"role {self.role} serves only {PATHS[self.role]}")

    def serves(self, namespace: str) -> bool:
        """Whether stages of this namespace may ask."""
        return namespace in self.settings.namespaces or self.settings.namespaces == ("*",)

    def admit(self, namespace: str) -> None:
        """Count one request of this namespace; raises NotAllowed and RateLimited."""
        if not self.serves(namespace):
            raise NotAllowed(f"stages of namespace {namespace!r} may not ask role {self.role}")
        self._budgets.take(namespace)

    @asynccontextmanager
    async def place(self, namespace: str = OWN) -> AsyncGenerator[None, None]:
        """Wait for a free place and hold it; everything inside shares the request's time."""
        waiting = True
        try:
            async with asyncio.timeout(self.settings.timeoutSeconds):
                await self._turns.take(namespace)
                try:
                    waiting = False
                    yield
                finally:
                    self._turns.give_back(namespace)
        except TimeoutError:
            seconds = f"{self.settings.timeoutSeconds:g} s"
            if waiting:
                raise Busy(f"the {self.role} endpoint had no free place for {seconds}") from None
            raise Slow(f"the {self.role} endpoint gave no reply within {seconds}") from None

    async def ask(self, path: str, body: bytes) -> dict[str, Any]:
        """A request in JSON, rebuilt, with our model."""
        sent = rebuilt(path, body, self.settings)
        raw = await self._upstream.post(path, sent, {"Content-Type": "application/json"})
        return READERS[path](raw, self.label)

    async def send(self, recording: Recording) -> dict[str, Any]:
        """A recording, as a form with our model."""
        raw = await self._upstream.post(TRANSCRIPTIONS, recording.form(self.settings.model), {})
        return READERS[TRANSCRIPTIONS](raw, self.label)
