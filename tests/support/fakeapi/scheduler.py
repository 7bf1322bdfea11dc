"""The scheduler: Pods without gates go to a ready node that their selector matches."""

from functools import partial

from tests.support.fakeapi.agenda import Agenda
from tests.support.fakeapi.resources import NODES, PODS, Json, items, part
from tests.support.fakeapi.store import Change, Key, Store, Stored


class Scheduler:
    """The least used node wins; a Pod that fits nowhere waits for a change of the nodes."""

    def __init__(self, store: Store, agenda: Agenda, *, seconds: float) -> None:
        self._store = store
        self._agenda = agenda
        self._seconds = seconds
        self._used: dict[str, set[str]] = {}
        self._waiting: dict[str, Key] = {}

    def on_change(self, change: Change) -> None:
        if change.resource is NODES:
            self._used.setdefault(change.last.meta["name"], set())
            for uid, key in tuple(self._waiting.items()):
                self._agenda.later(0, partial(self._place, key, uid))
        elif change.resource is PODS:
            self._note_pod(change)

    def _note_pod(self, change: Change) -> None:
        uid = change.last.meta["uid"]
        if change.new is None or change.new.data["status"]["phase"] in {"Succeeded", "Failed"}:
            self._waiting.pop(uid, None)
            self._used.get(change.last.data["spec"].get("nodeName", ""), set()).discard(uid)
        elif _wants_place(change.new) and (change.old is None or not _wants_place(change.old)):
            self._agenda.later(self._seconds, partial(self._place, change.last.key, uid))

    def _place(self, key: Key, uid: str) -> None:
        pod = self._store.get(PODS, *key)
        if pod.meta["uid"] != uid or not _wants_place(pod):
            self._waiting.pop(uid, None)
            return
        wanted = part(pod.data, "spec", "nodeSelector").items()
        fitting = [
            node.meta["name"]
            for node in self._store.tables[NODES].objects.values()
            if wanted <= part(node.data, "metadata", "labels").items() and is_ready(node.data)
        ]
        if not fitting:
            self._waiting[uid] = key
            reason = {"reason": "Unschedulable", "message": "0 nodes are available"}
            self._condition(key, {"status": "False", **reason}, {})
            return
        self._waiting.pop(uid, None)
        node = min(fitting, key=lambda name: len(self._used[name]))
        self._used[node].add(uid)
        self._condition(key, {"status": "True"}, {"spec": {"nodeName": node}})

    def _condition(self, key: Key, values: Json, change: Json) -> None:
        condition = {"type": "PodScheduled", **values}
        self._store.patch(PODS, *key, {**change, "status": {"conditions": [condition]}})


def is_ready(node: Json) -> bool:
    """Whether new Pods may go to a node: Ready and not cordoned."""
    return not part(node, "spec").get("unschedulable") and node_reports(node)


def node_reports(node: Json) -> bool:
    """Whether the node's kubelet reaches the API server."""
    return any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for condition in items(part(node, "status"), "conditions")
    )


def _wants_place(pod: Stored) -> bool:
    spec = pod.data["spec"]
    return (
        not spec.get("nodeName")
        and not spec.get("schedulingGates")
        and "deletionTimestamp" not in pod.meta
        and pod.data["status"]["phase"] == "Pending"
    )
