"""How the API service and the stores behind it stand, and since when."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from stagework.overview.alert_rules import SERVICE, StoreSeen
from stagework.service_client.checks import PartChecks
from stagework.service_client.results import LookupFailed

HISTORY: Final = "history"
ARTIFACTS: Final = "artifacts"


class StoreWatch:
    """Asks, and remembers since when the answer is the same."""

    def __init__(self, checks: PartChecks, wall_clock: Callable[[], datetime]) -> None:
        self._checks = checks
        self._wall_clock = wall_clock
        self._seen: dict[str, StoreSeen] = {}

    async def ask(self) -> tuple[StoreSeen, ...]:
        """As of now; a store counts from when it was asked about, however long it took to say."""
        asked = self._wall_clock()
        for name, fault in (await self._faults()).items():
            before = self._seen.get(name)
            is_as_before = before is not None and _kind(before.fault) == _kind(fault)
            since = before.since if before is not None and is_as_before else asked
            self._seen[name] = StoreSeen(name, fault, since)
        return tuple(self._seen.values())

    def forget(self) -> None:
        """Whoever leads next asks anew."""
        self._seen.clear()

    async def _faults(self) -> Mapping[str, str | None]:
        try:
            health = await self._checks.ask()
        except LookupFailed as error:
            return {SERVICE: f"it does not answer: {error}", HISTORY: None, ARTIFACTS: None}
        faults = {HISTORY: health.history.fault, ARTIFACTS: health.artifacts.fault}
        return {SERVICE: "", **faults}


def _kind(fault: str | None) -> str:
    """Well, wrong, or not known: its words may change meanwhile."""
    if fault is None:
        return "unknown"
    return "wrong" if fault else "well"
