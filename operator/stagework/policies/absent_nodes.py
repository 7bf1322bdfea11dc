"""Why does no node of a machine class take Pods? Said of the nodes that carry its labels."""

from collections.abc import Iterable
from typing import Final

from stagework.api.machines import MachineClass
from stagework.api.observed import NodeView

_NAMED_MAX: Final = 3
"""So many nodes are named; of more it is said how many."""


def why_none(machine: MachineClass, nodes: Iterable[NodeView]) -> str:
    """Such as `mac-1 is cordoned, mac-2 is not ready`; empty where no node has its labels."""
    ours = [node for node in nodes if node.carries(machine.nodeSelector) and not node.takes_pods]
    ours.sort(key=lambda node: (not node.ready, node.metadata.name))
    sentences = [f"{n.metadata.name} is {'cordoned' if n.ready else 'not ready'}" for n in ours]
    more = len(sentences) - _NAMED_MAX
    return ", ".join(sentences[:_NAMED_MAX] + ([f"and {more} more"] if more > 0 else []))
