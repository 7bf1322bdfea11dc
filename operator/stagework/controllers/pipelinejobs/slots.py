"""The one ledger of slots, kept up with the nodes and with what runs request."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from stagework.api.machines import Fleet
from stagework.api.observed import NodeView, PodView
from stagework.cluster.cache.store import Change
from stagework.controllers.controller import Key
from stagework.plans.pipelinejob.slot_requests import is_out
from stagework.policies.placement import slots_of
from stagework.policies.slots.ledger import SlotLedger
from stagework.policies.slots.request import Moment, SlotRequest
from stagework.policies.slots.turn import Turn

LEAVING_SECONDS: Final = 60.0
"""So long after a take-over Pods that are being ended are believed to hold slots though their runs
are gone: twice the time that they have to end."""


class Slots:
    """Who has a slot and who waits for one; `wake` is called for runs whose turn has changed."""

    def __init__(
        self,
        fleet: Fleet,
        wake: Callable[[Key], None],
        *,
        pod_of: Callable[[str, str], PodView | None],
        moment: Callable[[], Moment],
        lease_seconds: float = 60.0,
    ) -> None:
        """`pod_of`: the stage Pod of a namespace and uid, as it is now; None where there is none.

        `lease_seconds`: how long a turn is kept for a stage whose Pod is not out.
        """
        self._fleet = fleet
        self._wake = wake
        self._pod_of = pod_of
        self._moment = moment
        self._lease_seconds = lease_seconds
        self._keys: dict[str, Key] = {}
        self._ledger = SlotLedger(lease_seconds)
        self._unspoken: set[str] = set()
        """Runs that cannot say any more what they hold: their Pods do."""
        self._open = False
        self._gone: set[str] = set()
        """Uids of runs that are gone, of which Pods were being ended when we took over."""
        self._gone_until = 0.0
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
        if new is not None and new.takes_pods:
            self._take_again(new.metadata.name)
        count = slots_of(self._fleet, self.nodes)
        # A cordoned machine gives no slots, and runs what it has until it sleeps.
        woke = old is not None and new is not None and old.ready != new.ready
        changed = woke or count != self.count
        self.count = count
        if self._open:
            self._wake_all(self._ledger.set_slots(count, self._moment()))
        return changed and self._open

    def close(self) -> None:
        """Leadership begins: nobody has a slot, and none is given before all have said theirs."""
        self._ledger = SlotLedger(self._lease_seconds)
        self._keys.clear()
        self._unspoken.clear()
        self._gone.clear()
        self._open = False

    def open(self) -> None:
        """Every run has said what it holds and wants: give slots from now on."""
        self._open = True
        self._wake_all(self._ledger.set_slots(self.count, self._moment()))

    def request(self, key: Key, uid: str, requests: Sequence[SlotRequest]) -> dict[str, Turn]:
        """Replace all that a run requests; its turns, by stage."""
        if requests:
            self._keys[uid] = key
        else:
            self._keys.pop(uid, None)
        self._unspoken.discard(uid)
        self._wake_all(self._ledger.request(uid, requests, self._moment()))
        return self._ledger.turns(uid)

    def release(self, uid: str) -> None:
        """The run is gone, or is not decided about: it waits for nothing, and holds a slot only
        for each of its Pods that is still out.
        """
        held = [r for r in self._ledger.requests(uid) if r.holds and self._is_out(r)]
        self._wake_all(self._ledger.request(uid, held, self._moment()))
        self._keys.pop(uid, None)
        if held:
            self._unspoken.add(uid)
        else:
            self._unspoken.discard(uid)

    def hold_leaving(self, uid: str, held: Sequence[SlotRequest]) -> None:
        """Of a run that is gone only Pods are left, and they are being ended: each holds its slot
        until it is over, or until it is believed no more.
        """
        moment = self._moment()
        self._gone_until = moment.clock + LEAVING_SECONDS
        self._gone.add(uid)
        self._unspoken.add(uid)
        self._wake_all(self._ledger.request(uid, held, moment))

    def holds(self, uid: str) -> bool:
        """Whether it is known here that Pods of the run hold slots."""
        return any(request.holds for request in self._ledger.requests(uid))

    def holds_for(self, uid: str, pod: str) -> bool:
        """Whether it is known here that this Pod of the run holds a slot."""
        return any(r.holds and r.pod == pod for r in self._ledger.requests(uid))

    def pod_changed(self, run_uid: str) -> None:
        """Something has happened to a Pod; of a run that cannot say so it may have ended."""
        if run_uid in self._unspoken:
            self.release(run_uid)

    def tick(self) -> None:
        """Some time has passed: unused turns run out, places are told."""
        moment = self._moment()
        if self._gone and moment.clock >= self._gone_until:
            for uid in self._gone:
                self._unspoken.discard(uid)
                self._wake_all(self._ledger.request(uid, (), moment))
            self._gone.clear()
        self._wake_all(self._ledger.tick(moment))

    def taken(self) -> int:
        """Slots that are taken, over all classes."""
        return self._ledger.taken()

    def queue_lengths(self) -> dict[str, int]:
        """Stages that wait, by machine class."""
        return self._ledger.queue_lengths()

    def _take_again(self, node: str) -> None:
        """What was away on that node takes its slots again, before any is given to others."""
        for uid in {*self._keys, *self._unspoken}:
            known = self._ledger.requests(uid)
            if any(request.away_on == node for request in known):
                again = [request.node_is_back(node) for request in known]
                self._wake_all(self._ledger.request(uid, again, self._moment()))

    def _is_out(self, request: SlotRequest) -> bool:
        pod = self._pod_of(request.order.namespace, request.pod) if request.pod else None
        return pod is not None and is_out(pod)

    def _wake_all(self, uids: Iterable[str]) -> None:
        for uid in uids:
            key = self._keys.get(uid)
            if key is not None:
                self._wake(key)


def _alike(old: NodeView, new: NodeView) -> bool:
    """Whether nothing has changed that decisions read: a heartbeat."""
    return (old.ready, old.spec, old.metadata.labels) == (new.ready, new.spec, new.metadata.labels)
