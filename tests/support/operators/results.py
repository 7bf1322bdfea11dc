"""Stands in for the API service: what the simulated stages have stored."""

from collections.abc import Callable, Sequence
from datetime import datetime

from stagework.api.facts import AnyFact, decoded, encoded
from stagework.api.health import PartHealth, ServiceHealth
from stagework.api.observed import EPOCH
from stagework.history.errors import HistoryUnavailable
from stagework.plans.pipelinejob.snapshot import (
    FoundResult,
    HeartbeatQuestion,
    HeartbeatRead,
    LogAnswer,
    LogQuestion,
    Lookup,
)
from stagework.service_client.results import LookupFailed
from tests.support.fakeapi.kubelet import Kubelets
from tests.support.history.memory import MemoryHistory


class SimulatedResults:
    """A ResultStore over `Kubelets.reports.results`."""

    def __init__(self, kubelets: Kubelets) -> None:
        self._stored = kubelets.reports.results
        self.reachable = True

    async def look_up(self, namespace: str, run_uid: str, stage: str, attempt: int) -> Lookup:
        if not self.reachable:
            raise LookupFailed("made unreachable by a test")
        stored = self._stored.get((namespace, run_uid, stage, str(attempt)))
        if not stored:
            return Lookup(None)
        entry = stored[0]
        result = entry["result"]
        code = result.get("exitCode")
        return Lookup(FoundResult(entry["pod"], entry["digest"], result["outcome"], exit_code=code))


class SimulatedLogs:
    """A LogKeeper: every log ends with `last_line`, and it is noted whose were kept."""

    def __init__(self, last_line: str = "") -> None:
        self.answer = LogAnswer(last_line)
        self.kept: list[tuple[str, int]] = []

    async def keep(self, namespace: str, run_uid: str, question: LogQuestion) -> LogAnswer:
        del namespace, run_uid
        self.kept.append((question.stage, question.attempt))
        return self.answer


class SimulatedChecks:
    """PartChecks of a service whose stores are well; a test says what is wrong."""

    def __init__(self) -> None:
        self.health = ServiceHealth(history=PartHealth(), artifacts=PartHealth())
        self.reachable = True

    async def ask(self) -> ServiceHealth:
        if not self.reachable:
            raise LookupFailed("made unreachable by a test")
        return self.health


class SimulatedHeartbeats:
    """A HeartbeatReader that knows of no Pod, so nothing is proved by silence."""

    def __init__(self, wall_clock: Callable[[], datetime]) -> None:
        self._wall_clock = wall_clock

    async def last(self, question: HeartbeatQuestion) -> HeartbeatRead:
        del question
        return HeartbeatRead(at=self._wall_clock(), listening_since=EPOCH, heard_at=None)


class SimulatedFacts:
    """A FactStore over the twin of history in memory; away whenever a test says so."""

    def __init__(self) -> None:
        self.history = MemoryHistory()

    async def post(self, facts: Sequence[AnyFact]) -> None:
        try:
            # As they arrive over the wire: checked, and as far as JSON tells them.
            await self.history.record(decoded(encoded(facts)))
        except HistoryUnavailable as error:
            raise LookupFailed(str(error)) from error
