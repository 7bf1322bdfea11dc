"""Since when is each node ready without a break? As this process has seen it, by its own clock."""

from collections.abc import Callable, Iterable
from datetime import datetime

from stagework.api.observed import NodeView
from stagework.cluster.cache.store import Change
from stagework.controllers.controller import Key


class Readiness:
    """Kept up with all nodes, whoever leads."""

    def __init__(self, wall_clock: Callable[[], datetime]) -> None:
        self._wall_clock = wall_clock
        self.since: dict[str, datetime] = {}
        """By name; nodes that are not ready are not in it."""

    def begin(self) -> datetime:
        """Leadership begins, now, and with it another clock: what the former said is void."""
        now = self._wall_clock()
        self.since.update(dict.fromkeys(self.since, now))
        return now

    def changed(self, change: Change[NodeView]) -> Iterable[Key]:
        """Take a node's change in; it concerns no run by itself."""
        old, new = change.old, change.new
        name = change.object.metadata.name
        if new is None or not new.ready:
            self.since.pop(name, None)
        elif name not in self.since or old is None or _was_away(old, new):
            self.since[name] = self._wall_clock()
        return ()


def _was_away(old: NodeView, new: NodeView) -> bool:
    """Also where our watch has shown it ready before and after, and nothing between."""
    again = old.ready_transition != new.ready_transition
    return again or not old.ready or old.metadata.uid != new.metadata.uid
