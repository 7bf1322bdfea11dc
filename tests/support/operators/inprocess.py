"""An operator as a task of the test's own loop, with a death that leaves nothing tidy behind."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from typing import Final

import kopf
from kopf._cogs.structs.credentials import Vault, VaultKey
from prometheus_client import CollectorRegistry

from stagework.artifacts.result_lookup import ResultStore
from stagework.cluster.connection import Target
from stagework.controllers.handlers import register
from stagework.controllers.runtime import KOPF_KINDS, Runtime
from stagework.settings import Settings
from tests.support.operators.pace import Pace

NO_KINDS: Final[Collection[str]] = ()


class Operator:
    """One start of the operator: in kopf, or bare (its Runtime alone, with watches of its own)."""

    def __init__(
        self,
        url: str,
        settings: Settings,
        results: ResultStore,
        pace: Pace,
        *,
        in_kopf: bool = True,
    ) -> None:
        self.runtime = Runtime(
            settings,
            CollectorRegistry(),
            target=Target(url),
            results=results,
            clocks=pace.clocks(),
            kopf_kinds=KOPF_KINDS if in_kopf else NO_KINDS,
        )
        self._in_kopf = in_kopf
        self._url = url
        self._ends = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; returns at once."""
        work = self._run_in_kopf() if self._in_kopf else self.runtime.run()
        self._task = asyncio.create_task(work)

    async def stop(self) -> None:
        """SIGTERM: it gives the Lease back."""
        if self._task is None:
            return
        if self._in_kopf:
            self._ends.set()
        else:
            self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._task = None

    async def kill(self) -> None:
        """SIGKILL: not one more request leaves it, the Lease stays as it is."""
        await self.runtime.api.close()
        await self.stop()

    @property
    def failed(self) -> BaseException | None:
        """What it died of by itself."""
        task = self._task
        return task.exception() if task is not None and task.done() else None

    async def _run_in_kopf(self) -> None:
        registry = kopf.OperatorRegistry()
        register(registry, self.runtime)
        # Known credentials: the login handlers look at the environment, which tests share.
        vault = Vault({VaultKey("test"): kopf.ConnectionInfo(server=self._url)})
        try:
            await kopf.operator(
                registry=registry,
                standalone=True,
                clusterwide=True,
                vault=vault,
                stop_flag=self._ends,
            )
        finally:
            await vault.close()
