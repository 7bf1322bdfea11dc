"""The one ledger of slots, kept up with the nodes and with what runs request."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from stagework.api.machines import Fleet
from stagework.api.observed import NodeView
from stagework.cluster.cache.store import Change
from stagework.controllers.controller import Key
from stagework.policies.placement import slots_of
from stagework.policies.slots import SlotLedger, SlotRequest, Turn


class Slots:
    """Who has a slot and who waits for one; `wake` is called for runs whose turn has changed."""

    def __init__(self, fleet: Fleet, wake: Callable[[Key], None]) -> None:
        self._fleet = fleet
        self._wake = wake
        self._keys: dict[str, Key] = {}
        self._ledger = SlotLedger()
        self._open = False
        self.nodes: dict[str, NodeView] = {}
        """By name, as they are now."""
        self.count: Mapping[str, int] = {}
        """Slots by machine class."""

    def node_changed(self, change: Change[NodeView]) -> bool:
        """Take a node's change in; whether that changes slots that are being given."""
        old, new = change.old, change.new
        if new is None:
            gone = change.object.metadata
            named = self.nodes.get(gone.name)
            if named is not None and named.metadata.uid == gone.uid:
                del self.nodes[gone.name]
        else:
            self.nodes[new.metadata.name] = new
        if old is not None and new is not None and _alike(old, new):
            return False
        count = slots_of(self._fleet, self.nodes)
        changed = count != self.count
        self.count = count
        if self._open:
            self._wake_all(self._ledger.set_slots(count))
        return changed and self._open

    def close(self) -> None:
        """Leadership begins: nobody has a slot, and none is given before all have said theirs."""
        self._ledger = SlotLedger()
        self._keys.clear()
        self._open = False

    def open(self) -> None:
        """Every run has said what it holds: give slots from now on."""
        self._open = True
        self._wake_all(self._ledger.set_slots(self.count))

    def request(self, key: Key, uid: str, requests: Sequence[SlotRequest]) -> dict[str, Turn]:
        """Replace all that a run requests; its turns, by stage."""
        if requests:
            self._keys[uid] = key
        else:
            self._keys.pop(uid, None)
        self._wake_all(self._ledger.request(uid, requests))
        return self._ledger.turns(uid)

    def release(self, uid: str) -> None:
        """The run holds no slot and waits for none."""
        self._wake_all(self._ledger.request(uid, ()))
        self._keys.pop(uid, None)

    def taken(self) -> int:
        """Slots that are taken, over all classes."""
        return self._ledger.taken()

    def queue_lengths(self) -> dict[str, int]:
        """Stages that wait, by machine class."""
        return self._ledger.queue_lengths()

    def _wake_all(self, uids: Iterable[str]) -> None:
        for uid in uids:
            key = self._keys.get(uid)
            if key is not None:
                self._wake(key)


def _alike(old: NodeView, new: NodeView) -> bool:
    """Whether nothing has changed that decisions read: a heartbeat."""
    return (old.ready, old.spec, old.metadata.labels) == (new.ready, new.spec, new.metadata.labels)
