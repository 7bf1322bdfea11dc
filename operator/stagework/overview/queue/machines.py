"""What is known of the machines of each class: slots, and since when they are away."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from stagework.api.machines import Fleet, MachineClass
from stagework.api.observed import NodeView
from stagework.policies.placement import slots_of


@dataclass(frozen=True, slots=True)
class MachineState:
    """The nodes of one class."""

    slots: int
    nodes: int
    ready: int
    away_since: datetime | None
    """Since when no node of it is ready; None where one is, or where nothing tells."""


def machine_states(fleet: Fleet, nodes: Iterable[NodeView]) -> dict[str, MachineState]:
    """Of every class, by its nodes."""
    by_name = {node.metadata.name: node for node in nodes}
    slots = slots_of(fleet, by_name)
    return {
        machine.key: _state(machine, by_name, slots[machine.key])
        for machine in fleet.machineClasses
    }


def _state(machine: MachineClass, nodes: Mapping[str, NodeView], slots: int) -> MachineState:
    own = [node for node in nodes.values() if node.carries(machine.nodeSelector)]
    ready = sum(node.ready for node in own)
    left = [node.ready_transition for node in own if node.ready_transition]
    # The last one to go: since then there is none. By the clock of the cluster's own controller.
    since = max(left) if left and not ready else ""
    return MachineState(slots, len(own), ready, datetime.fromisoformat(since) if since else None)
