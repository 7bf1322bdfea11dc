"""What is well and what is not, from what was seen: no clock, no request.

A part that cannot be asked because another one is down is `unknown`: people are told of one cause
once, not of all that follows from it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from stagework.api.health import ServiceHealth
from stagework.api.machines import Fleet
from stagework.api.tasks import HealthCheckData
from stagework.overview.queue.machines import MachineState

OPERATOR: Final = "operator"
"""Name of the part that is about the operator itself."""


@dataclass(frozen=True, slots=True)
class SeenLease:
    """The operator's Lease."""

    holder: str
    """Empty: nobody holds it, or there is none."""
    renewed: datetime | None


@dataclass(frozen=True, slots=True)
class Seen:
    """All that was seen; of what could not be asked the fault is a sentence."""

    api_server: str = ""
    """Fault of the API server."""
    lease: SeenLease | None = None
    """None: it cannot be read."""
    operator: str = ""
    """Fault of the operator's own health page."""
    service: str = ""
    """Fault of the API service."""
    parts: ServiceHealth | str = ""
    """What the service says of its stores; a fault where it does not say it."""
    machines: Mapping[str, MachineState] | None = None
    """By class; None where nodes cannot be listed."""
    failed: int | None = None
    """Stages that failed for good in the last hour; None where history does not say it."""
    orphans: int = 0
    """Of these such as were given up, since nobody was behind them (`Orphaned`)."""
    done: int | None = None
    """Stages that were done in the last hour."""


@dataclass(frozen=True, slots=True)
class Check:
    """One part."""

    name: str
    state: Literal["ok", "failing", "unknown"]
    message: str

    @property
    def document(self) -> dict[str, str]:
        """As JSON has it."""
        return {"name": self.name, "state": self.state, "message": self.message}


def judge(seen: Seen, fleet: Fleet, data: HealthCheckData, now: datetime) -> list[Check]:
    """Every part, in the order in which they stand on each other."""
    return [
        _check("api-server", seen.api_server, "answers"),
        _operator(seen, data, now),
        _check("api-service", seen.service, "answers"),
        *_stores(seen),
        *_machines(seen, fleet, data),
        _failures(seen, data),
        _orphans(seen),
    ]


def _check(name: str, fault: str, well: str) -> Check:
    return Check(name, "failing", fault) if fault else Check(name, "ok", well)


def _operator(seen: Seen, data: HealthCheckData, now: datetime) -> Check:
    name = OPERATOR
    if seen.lease is None:
        return Check(name, "unknown", "its Lease cannot be read")
    if not seen.lease.holder or seen.lease.renewed is None:
        return Check(name, "failing", "no operator leads: kubectl get pods, and read its log")
    age = (now - seen.lease.renewed).total_seconds()
    if age > data.leaseSeconds:
        said = f"{seen.lease.holder} has not renewed its Lease for {age:.0f} s"
        return Check(name, "failing", said)
    return _check(name, seen.operator, f"{seen.lease.holder} leads and makes progress")


def _stores(seen: Seen) -> Iterator[Check]:
    for name in ("store", "artifact-store"):
        if seen.service:
            yield Check(name, "unknown", "the API service does not answer")
        elif isinstance(seen.parts, str):
            yield Check(name, "unknown", seen.parts)
        else:
            part = seen.parts.history if name == "store" else seen.parts.artifacts
            yield _check(name, part.fault, "reads" if name == "store" else "writes")


def _machines(seen: Seen, fleet: Fleet, data: HealthCheckData) -> Iterator[Check]:
    for machine in fleet.machineClasses:
        name = f"machines-{machine.key}"
        if seen.machines is None:
            yield Check(name, "unknown", "nodes cannot be listed")
            continue
        state = seen.machines[machine.key]
        said = f"{state.ready} of {state.nodes} nodes ready"
        wanted = (
            machine.key in data.machineClasses
            if data.machineClasses
            else (state.nodes > 0 and not machine.mayBeAway)
        )
        if wanted and not state.ready:
            since = f" since {state.away_since:%Y-%m-%d %H:%M} UTC" if state.away_since else ""
            yield Check(name, "failing", f"{said}{since}: its stages wait")
        else:
            yield Check(name, "ok", said)


def _failures(seen: Seen, data: HealthCheckData) -> Check:
    name = "failed-ratio"
    if seen.failed is None or seen.done is None:
        return Check(name, "unknown", "the API service does not say how many stages failed")
    ended = seen.failed + seen.done
    said = f"{seen.failed} of {ended} stages that ended in the last hour failed"
    too_many = ended >= data.minStages and seen.failed > data.maxFailedRatio * ended
    return Check(name, "failing" if too_many else "ok", said)


def _orphans(seen: Seen) -> Check:
    name = "orphans"
    if seen.failed is None:
        return Check(name, "unknown", "the API service does not say which stages failed")
    said = f"stages given up (Orphaned) in the last hour: {seen.orphans}"
    if not seen.orphans:
        return Check(name, "ok", said)
    hint = "the old process may still run: look at its machine, then stagework retry"
    return Check(name, "failing", f"{said}; {hint}")
