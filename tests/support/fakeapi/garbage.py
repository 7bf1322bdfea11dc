"""The garbage collector: dependents go after their owner, or before it, or stay."""

from collections import defaultdict
from functools import partial
from typing import Final

from tests.support.fakeapi.agenda import Agenda
from tests.support.fakeapi.resources import Json, Resource, items
from tests.support.fakeapi.store import Change, Key, Store

FOREGROUND: Final = "foregroundDeletion"
ORPHAN: Final = "orphan"
Place = tuple[Resource, Key]


class GarbageCollector:
    """Follows ownerReferences by uid."""

    def __init__(self, store: Store, agenda: Agenda, *, seconds: float = 0.0) -> None:
        self._store = store
        self._agenda = agenda
        self._seconds = seconds
        self._dependents: dict[str, set[Place]] = defaultdict(set)
        self._living: set[str] = set()
        self._waiting: dict[str, Place] = {}

    def on_change(self, change: Change) -> None:
        place = (change.resource, change.last.key)
        uid = change.last.meta["uid"]
        if change.new is None:
            self._gone(place, uid, change.last.data)
            return
        owners = {owner["uid"] for owner in items(change.new.meta, "ownerReferences")}
        if change.old is None:
            self._living.add(uid)
        else:
            for reference in items(change.old.meta, "ownerReferences"):
                if reference["uid"] not in owners:
                    self._dependents[reference["uid"]].discard(place)
        for owner in owners:
            self._dependents[owner].add(place)
        if change.old is None and owners and not owners & self._living:
            self._agenda.later(self._seconds, partial(self._collect, place, uid))
        if "deletionTimestamp" in change.new.meta and (
            {FOREGROUND, ORPHAN} & set(change.new.meta.get("finalizers") or ())
        ):
            self._agenda.later(self._seconds, partial(self._finalize, place, uid))

    def _gone(self, place: Place, uid: str, last: Json) -> None:
        self._living.discard(uid)
        self._waiting.pop(uid, None)
        for reference in items(last["metadata"], "ownerReferences"):
            self._dependents.get(reference["uid"], set()).discard(place)
            self._agenda.later(0, partial(self._owner_may_go, reference["uid"]))
        for dependent in self._dependents.pop(uid, set()):
            self._agenda.later(self._seconds, partial(self._collect, dependent, None))

    def _collect(self, place: Place, uid: str | None) -> None:
        resource, (namespace, name) = place
        dependent = self._store.get(resource, namespace, name)
        owners = items(dependent.meta, "ownerReferences")
        if (uid and dependent.meta["uid"] != uid) or any(o["uid"] in self._living for o in owners):
            return
        if owners and "deletionTimestamp" not in dependent.meta:
            self._store.delete(resource, namespace, name, {"propagationPolicy": "Background"})

    def _finalize(self, place: Place, uid: str) -> None:
        resource, (namespace, name) = place
        meta = self._store.get(resource, namespace, name).meta
        dependents = tuple(self._dependents.get(uid, ()))
        for dependent in dependents:
            other, (other_namespace, other_name) = dependent
            if ORPHAN in meta["finalizers"]:
                known = self._store.get(other, other_namespace, other_name)
                kept = [o for o in items(known.meta, "ownerReferences") if o["uid"] != uid]
                change = {"metadata": {"ownerReferences": kept or None}}
                self._store.patch(other, other_namespace, other_name, change)
            elif (
                "deletionTimestamp" not in self._store.get(other, other_namespace, other_name).meta
            ):
                options = {"propagationPolicy": "Background"}
                self._store.delete(other, other_namespace, other_name, options)
        self._waiting[uid] = place
        if ORPHAN in meta["finalizers"]:
            self._release(place)
        self._owner_may_go(uid)

    def _owner_may_go(self, uid: str) -> None:
        if uid in self._waiting and not self._dependents.get(uid):
            self._release(self._waiting.pop(uid))

    def _release(self, place: Place) -> None:
        resource, (namespace, name) = place
        meta = self._store.get(resource, namespace, name).meta
        kept = [
            finalizer for finalizer in meta["finalizers"] if finalizer not in {FOREGROUND, ORPHAN}
        ]
        change = {"metadata": {"finalizers": kept or None}}
        self._store.patch(resource, namespace, name, change)
