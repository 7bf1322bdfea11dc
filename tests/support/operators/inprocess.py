"""The operator's Runtime as a task of the test's own loop, with a death that tidies nothing up.

Without kopf: when it stops, kopf cancels whatever else runs in its loop. All kinds are watched by
watches of our own then. tests.support.operators.process starts the whole operator.
"""

import asyncio
from contextlib import suppress
from typing import Any

from prometheus_client import CollectorRegistry

from stagework.alerts.remembered import Sink
from stagework.cluster.client.connection import Target
from stagework.controllers.runtime import Build, Runtime
from stagework.service_client.checks import PartChecks
from stagework.service_client.facts import FactStore
from stagework.service_client.heartbeats import HeartbeatReader
from stagework.service_client.logs import LogKeeper
from stagework.service_client.results import ResultStore
from stagework.settings import Settings
from tests.support.alerts import NobodyHears
from tests.support.operators.results import (
    SimulatedChecks,
    SimulatedFacts,
    SimulatedHeartbeats,
    SimulatedLogs,
)
from tests.support.operators.sharedtime import SharedTime
from tests.support.operators.timescale import VirtualTime


class Operator:
    """One start of the operator."""

    def __init__(
        self,
        url: str,
        settings: Settings,
        results: ResultStore,
        timescale: VirtualTime | SharedTime,
        *,
        logs: LogKeeper | None = None,
        heartbeats: HeartbeatReader | None = None,
        facts: FactStore | None = None,
        checks: PartChecks | None = None,
        receivers: Sink | None = None,
        **differences: Any,
    ) -> None:
        """`differences`: what else it is built of, see `stagework.controllers.runtime.Build`."""
        self.runtime = Runtime(
            settings,
            CollectorRegistry(),
            Build(
                target=Target(url),
                results=results,
                logs=logs or SimulatedLogs(),
                heartbeats=heartbeats or SimulatedHeartbeats(timescale.wall_clock),
                facts=facts or SimulatedFacts(),
                checks=checks or SimulatedChecks(),
                receivers=receivers or NobodyHears(),
                clocks=timescale.clocks(),
                watched_by_kopf=(),
                **differences,
            ),
        )
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; returns at once."""
        self._task = asyncio.create_task(self.runtime.run())

    async def stop(self) -> None:
        """SIGTERM: it gives the Lease back."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def kill(self) -> None:
        """SIGKILL: not one more request leaves it, the Lease stays as it is."""
        await self.runtime.cut_off()
        await self.stop()

    @property
    def leads(self) -> bool:
        """Whether it decides, and is alive."""
        alive = self._task is not None and not self._task.done()
        found = self.runtime.registry.restricted_registry(["stagework_leader"])
        return alive and any(s.value == 1 for metric in found.collect() for s in metric.samples)

    @property
    def failed(self) -> BaseException | None:
        """What it died of by itself."""
        task = self._task
        if task is None or not task.done() or task.cancelled():  # we have ended it, or still run it
            return None
        return task.exception()
