"""Why does no node of a machine class take Pods, and since when is a node away?"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from stagework.api.machines import MachineClass
from stagework.api.observed import NodeView

_NAMED_MAX: Final = 3
"""So many nodes are named; of more it is said how many."""
_SILENT_MAX: Final = timedelta(seconds=60)
"""A kubelet reports a condition that does not change every five minutes, and its lease, which we do
not read, every ten seconds: the control plane waits no longer than this for the latter
(`node-monitor-grace-period`, 50 s, and its own period)."""


def why_none(machine: MachineClass, nodes: Iterable[NodeView]) -> str:
    """Such as `mac-1 is cordoned, mac-2 is not ready`; empty where no node has its labels."""
    ours = [node for node in nodes if node.carries(machine.nodeSelector) and not node.takes_pods]
    ours.sort(key=lambda node: (not node.ready, node.metadata.name))
    sentences = [f"{n.metadata.name} is {'cordoned' if n.ready else 'not ready'}" for n in ours]
    more = len(sentences) - _NAMED_MAX
    return ", ".join(sentences[:_NAMED_MAX] + ([f"and {more} more"] if more > 0 else []))


def away_since(node: NodeView | None, began: datetime | None, now: datetime) -> datetime:
    """Since when a node that has just been seen to be away was so, by our clock.

    It was already silent while the control plane waited for its kubelet: counted from its last
    report, where that is known, but neither longer than the control plane waits nor from before
    the stage `began`.
    """
    if node is None:
        return now
    since = now - min(timedelta(seconds=node.silent_seconds), _SILENT_MAX)
    return min(now, max(since, began)) if began is not None else since
