"""The Gateway: every role that the settings have, behind one client."""

from collections.abc import Callable
from typing import Any

import aiohttp

from stagework.model_gateway.endpoint import PATHS, Endpoint
from stagework.model_gateway.errors import NotSet
from stagework.model_gateway.probe import Probe
from stagework.settings import ModelSettings

_CONNECT_SECONDS = 10.0


class Gateway:
    """Finds endpoints by role; `close` ends its connections."""

    def __init__(self, settings: ModelSettings, clock: Callable[[], float]) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._endpoints = {
            role: Endpoint(role, of_role, self._connected)
            for role in PATHS
            if (of_role := settings.of(role)) is not None
        }
        self._probes = {role: Probe(endpoint, clock) for role, endpoint in self._endpoints.items()}

    def endpoint(self, role: str) -> Endpoint:
        """The role's endpoint; raises NotSet."""
        endpoint = self._endpoints.get(role)
        if endpoint is None:
            known = ", ".join(self._endpoints) or "none"
            raise NotSet(f"no endpoint is set for the role {role[:40]!r}; set are: {known}")
        return endpoint

    def roles(self) -> dict[str, dict[str, Any]]:
        """All roles that are set, with what is known of each by now."""
        return {role: self._facts(role) for role in self._endpoints}

    async def facts(self, role: str) -> dict[str, Any]:
        """All about one role; its server is asked what it can do if that is not known yet."""
        self.endpoint(role)
        await self._probes[role].run()
        return self._facts(role)

    async def close(self) -> None:
        """End all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _facts(self, role: str) -> dict[str, Any]:
        settings, known = self._endpoints[role].settings, self._probes[role].known
        return {
            "machine": settings.machine,
            "timeoutSeconds": settings.timeoutSeconds,
            "retries": settings.retries,
            "jsonSchema": known.json_schema,
            "images": known.images,
        }

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Places and times are the Endpoint's affair; no proxy from the environment.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session
