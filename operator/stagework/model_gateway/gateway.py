"""The Gateway: every role that the settings have, behind one client."""

from collections.abc import Callable
from typing import Any, Final

import aiohttp

from stagework.model_gateway.endpoint import PATHS, Endpoint
from stagework.model_gateway.errors import NotSet
from stagework.model_gateway.probe import Probe
from stagework.policies.shares import Shares
from stagework.settings import ModelSettings

_CONNECT_SECONDS = 10.0
BODIES_MAX_BYTES: Final = 256 * 1024**2
"""So much of all requests together is held at once, half of it of one namespace."""


class Gateway:
    """Finds endpoints by role; `close` ends its connections."""

    def __init__(self, settings: ModelSettings, clock: Callable[[], float]) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._endpoints = {
            role: Endpoint(role, of_role, self._connected, clock)
            for role in PATHS
            if (of_role := settings.of(role)) is not None
        }
        largest = max((of.settings.maxRequestBytes for of in self._endpoints.values()), default=0)
        most = max(BODIES_MAX_BYTES, 2 * largest)
        self.room = Shares(most, most // 2)
        """For what of requests is held in memory."""
        self._probes = {role: Probe(endpoint, clock) for role, endpoint in self._endpoints.items()}

    def endpoint(self, role: str) -> Endpoint:
        """The role's endpoint; raises NotSet."""
        endpoint = self._endpoints.get(role)
        if endpoint is None:
            known = ", ".join(self._endpoints) or "none"
            raise NotSet(f"no endpoint is set for the role {role[:40]!r}; set are: {known}")
        return endpoint

    def roles(self, namespace: str) -> dict[str, dict[str, Any]]:
        """All roles that this namespace may ask, with what is known of each by now."""
        of_it = (role for role, one in self._endpoints.items() if one.serves(namespace))
        return {role: self._facts(role) for role in of_it}

    async def facts(self, role: str, namespace: str) -> dict[str, Any]:
        """All about one role; its server is asked what it can do if that is not known yet.

        Raises NotSet where this namespace may not ask it: its stages do without, as where none is.
        """
        if not self.endpoint(role).serves(namespace):
            raise NotSet(f"no endpoint of the role {role!r} is set for namespace {namespace!r}")
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
