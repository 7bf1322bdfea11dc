"""On which machine classes may a stage run now? Judged from ready nodes and how long it waited."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from stagework.api.machines import Fleet
from stagework.api.observed import NodeView


@dataclass(frozen=True)
class Place:
    """Any of these classes will do, in this order of preference."""

    classes: tuple[str, ...]


@dataclass(frozen=True)
class NoNode:
    """No ready node of the classes that count now; more count from `until` on, if set."""

    classes: tuple[str, ...]
    until: datetime | None


def eligible(
    classes: tuple[str, ...],
    slots: Mapping[str, int],
    fallback_after_seconds: int | None,
    waiting_since: datetime | None,
    now: datetime,
) -> Place | NoNode:
    """Choose among `classes` (preference first) by their slots on ready nodes.

    1. `fallbackAfterSeconds: 0` is a pool: every class with slots counts at once.
    2. Otherwise the first class counts alone while it has slots.
    3. After `fallbackAfterSeconds` without slots the others count too.
    """
    present = tuple(name for name in classes if slots.get(name, 0) > 0)
    if fallback_after_seconds == 0 and present:
        return Place(present)
    if classes[0] in present:
        return Place(classes[:1])
    if fallback_after_seconds is None or len(classes) == 1:
        return NoNode(classes[:1], until=None)
    since = waiting_since or now
    until = since + timedelta(seconds=fallback_after_seconds)
    if now >= until:
        return Place(present) if present else NoNode(classes, until=None)
    return NoNode(classes[:1], until=until)


def class_of(fleet: Fleet, node: NodeView) -> str:
    """The class that a node belongs to by its labels; empty where to none."""
    keys = (m.key for m in fleet.machineClasses if node.carries(m.nodeSelector))
    return next(keys, "")


def slots_of(fleet: Fleet, nodes: Mapping[str, NodeView]) -> dict[str, int]:
    """Class key to slots: `slotsPerNode` times the nodes that are ready and take new Pods."""
    usable = [node for node in nodes.values() if node.takes_pods]
    return {
        machine.key: machine.slotsPerNode * sum(n.carries(machine.nodeSelector) for n in usable)
        for machine in fleet.machineClasses
    }
