"""Objects, versions and the log of changes: what etcd and the registry do, in memory.

Objects are never changed in place, so that a list, a log entry and a watcher may share them.
"""

import asyncio
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from tests.support.fakeapi import admission, failures
from tests.support.fakeapi.patches import merge
from tests.support.fakeapi.resources import ALL, PODS, Json, Resource, part
from tests.support.fakeapi.selectors import Matcher

LOG_LENGTH: Final = 100_000
"""Changes kept of each resource; older versions cannot be watched any more."""
_SUFFIX: Final = "bcdfghjklmnpqrstvwxz2456789"
_SERVER_FIELDS: Final = ("uid", "creationTimestamp", "generation", "deletionTimestamp")
_IDENTITY: Final = ("name", "namespace", *_SERVER_FIELDS)
Key = tuple[str, str]
Policy = Callable[[Resource, Json], None]
"""Raises Failure where an object must not be made."""


class Stored:
    """One version of an object, encoded at most once."""

    __slots__ = ("_raw", "data")

    def __init__(self, data: Json) -> None:
        self.data = data
        self._raw: bytes | None = None

    @property
    def raw(self) -> bytes:
        if self._raw is None:
            self._raw = orjson.dumps(self.data)
        return self._raw

    @property
    def meta(self) -> Json:
        return self.data["metadata"]

    @property
    def key(self) -> Key:
        return self.meta.get("namespace", ""), self.meta["name"]


@dataclass(slots=True)
class Change:
    """One committed change; `new` is None where the object is gone, `last` is its last state."""

    resource: Resource
    version: int
    old: Stored | None
    new: Stored | None
    last: Stored


@dataclass(slots=True)
class Table:
    """All objects of one resource, and the log of their changes."""

    objects: dict[Key, Stored] = field(default_factory=dict[Key, Stored])
    log: list[Change] = field(default_factory=list[Change])
    dropped: int = 0
    compacted: int = 0
    waiters: list[asyncio.Future[None]] = field(default_factory=list[asyncio.Future[None]])

    def wake(self) -> None:
        """Let every watcher look at the log."""
        waiters, self.waiters = self.waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


class Store:
    """Every object of the fake cluster. All methods are synchronous and commit at once."""

    def __init__(self, *, wall_clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.tables: dict[Resource, Table] = {resource: Table() for resource in ALL}
        self.version = 100
        self.listeners: list[Callable[[Change], None]] = []
        """Called after each commit, in order; they must not write, only note."""
        self.policies: list[Policy] = []
        """Asked before anything is made, whoever makes it: quotas, limit ranges, webhooks."""
        self.wall_clock = wall_clock
        self._rng = random.Random(7)  # noqa: S311 - names, not secrets

    def now(self, ahead: float = 0.0) -> str:
        """The time as the API writes it, to the second."""
        moment = self.wall_clock() + timedelta(seconds=ahead) if ahead else self.wall_clock()
        return f"{moment.replace(microsecond=0, tzinfo=None).isoformat()}Z"

    def get(self, resource: Resource, namespace: str, name: str) -> Stored:
        """One object; raises Failure."""
        stored = self.tables[resource].objects.get((namespace, name))
        if stored is None:
            raise failures.not_found(resource, name)
        return stored

    def list(
        self, resource: Resource, namespace: str = "", matches: Matcher | None = None
    ) -> list[Stored]:
        """Objects in the server's order; a snapshot."""
        return [
            stored
            for key, stored in sorted(self.tables[resource].objects.items())
            if (not namespace or key[0] == namespace) and (matches is None or matches(stored.data))
        ]

    def create(
        self, resource: Resource, namespace: str, data: Json, *, dry_run: bool = False
    ) -> Stored:
        """A new object; raises Failure. `data` belongs to the store afterwards.

        `dry_run`: as it would be, and nothing is stored.
        """
        meta = dict(part(data, "metadata"))
        if not meta.get("name"):
            if not meta.get("generateName"):
                raise failures.invalid(resource, "", "metadata.name", "Required value: name")
            meta["name"] = meta["generateName"][:58] + self.suffix()
        if resource.namespaced:
            if meta.get("namespace", namespace) != namespace:
                raise failures.bad_request("the namespace of the object does not match the path")
            meta["namespace"] = namespace
        key = (namespace if resource.namespaced else "", meta["name"])
        if key in self.tables[resource].objects:
            raise failures.already_exists(resource, meta["name"])
        for word in _SERVER_FIELDS:
            meta.pop(word, None)
        meta["uid"] = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        meta["creationTimestamp"] = self.now()
        if resource.generation:
            meta["generation"] = 1
        made = {"apiVersion": resource.api_version, "kind": resource.kind, **data, "metadata": meta}
        if resource.status:
            made.pop("status", None)
        admitted = admission.admit(resource, made)
        for policy in tuple(self.policies):
            policy(resource, admitted)
        return Stored(admitted) if dry_run else self._commit(resource, None, admitted)

    def update(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        change: Callable[[Json], Json],
        *,
        subresource: str = "",
    ) -> Stored:
        """Commit `change(current)`, as a client may; raises Failure."""
        old = self.get(resource, namespace, name)
        new = change(old.data)
        meta = part(new, "metadata")
        self._check_version(resource, old, meta)
        if meta.get("uid", old.meta["uid"]) != old.meta["uid"]:
            raise failures.invalid(resource, name, "metadata.uid", "field is immutable")
        if subresource == "status":
            new = {**old.data, "status": part(new, "status")}
        else:
            kept = {word: old.meta[word] for word in _IDENTITY if word in old.meta}
            meta = {**meta, **kept}
            for word in ("deletionTimestamp", "deletionGracePeriodSeconds"):
                if word not in old.meta:
                    meta.pop(word, None)
            new = {**new, "metadata": meta}
            if resource.status:
                new.pop("status", None)
                if "status" in old.data:
                    new["status"] = old.data["status"]
            admission.check_update(resource, old.data, new)
        return self._commit(resource, old, new)

    def patch(self, resource: Resource, namespace: str, name: str, patch: Json) -> Stored:
        """Merge patch by the cluster's own components: any field, no checks."""
        old = self.get(resource, namespace, name)
        return self._commit(resource, old, merge(old.data, patch))

    def delete(
        self, resource: Resource, namespace: str, name: str, options: Json | None = None
    ) -> Stored:
        """Delete, or begin to where finalizers or a grace period hold it; raises Failure."""
        asked = options or {}
        old = self.get(resource, namespace, name)
        wanted = part(asked, "preconditions")
        self._check_version(resource, old, wanted)
        if wanted.get("uid", old.meta["uid"]) != old.meta["uid"]:
            raise failures.conflict(
                resource,
                name,
                f"the UID in the precondition ({wanted['uid']}) does not match the UID in record "
                f"({old.meta['uid']}). The object might have been deleted and then recreated",
            )
        finalizers: list[str] = list(old.meta.get("finalizers") or ())
        policy = asked.get("propagationPolicy") or ("Orphan" if resource.orphans else "Background")
        finalizers = [f for f in finalizers if f not in {"foregroundDeletion", "orphan"}]
        if policy != "Background":
            finalizers.append("foregroundDeletion" if policy == "Foreground" else "orphan")
        grace = self._grace(resource, old.data, asked.get("gracePeriodSeconds"))
        change: Json = {"finalizers": finalizers or None}
        if "deletionTimestamp" not in old.meta:
            change["deletionTimestamp"] = self.now(grace)
            change["deletionGracePeriodSeconds"] = grace
        elif grace < old.meta.get("deletionGracePeriodSeconds", 0):
            change["deletionGracePeriodSeconds"] = grace
        if not finalizers and grace == 0:
            return self._remove(resource, old, merge(old.data, {"metadata": change}))
        return self._commit(resource, old, merge(old.data, {"metadata": change}))

    def suffix(self) -> str:
        """Five characters, as generateName appends them."""
        return "".join(self._rng.choices(_SUFFIX, k=5))

    def compact(self) -> None:
        """Forget the log: whoever wants to watch from an older version gets 410."""
        for table in self.tables.values():
            self._trim(table, 0)
            table.wake()

    def _grace(self, resource: Resource, data: Json, asked: int | None) -> int:
        if resource is not PODS:
            return 0
        if not data["spec"].get("nodeName"):
            return 0
        if data.get("status", {}).get("phase") in {"Succeeded", "Failed"}:
            return 0
        return data["spec"].get("terminationGracePeriodSeconds", 30) if asked is None else asked

    def _check_version(self, resource: Resource, old: Stored, wanted: Json) -> None:
        version = wanted.get("resourceVersion")
        if version and version != old.meta["resourceVersion"]:
            raise failures.conflict(resource, old.meta["name"])

    def _commit(self, resource: Resource, old: Stored | None, data: Json) -> Stored:
        if old is not None:
            if data == old.data:
                return old
            if resource.generation and data.get("spec") != old.data.get("spec"):
                generation = old.meta.get("generation", 0) + 1
                data = {**data, "metadata": {**data["metadata"], "generation": generation}}
            meta = data["metadata"]
            if (
                "deletionTimestamp" in meta
                and not meta.get("finalizers")
                and not meta.get("deletionGracePeriodSeconds")
            ):
                return self._remove(resource, old, data)
        stored = self._stamped(data)
        self.tables[resource].objects[stored.key] = stored
        self._note(Change(resource, self.version, old, stored, stored))
        return stored

    def _remove(self, resource: Resource, old: Stored, data: Json) -> Stored:
        last = self._stamped(data)
        del self.tables[resource].objects[old.key]
        self._note(Change(resource, self.version, old, None, last))
        return last

    def _stamped(self, data: Json) -> Stored:
        self.version += 1
        meta: Any = {**data["metadata"], "resourceVersion": str(self.version)}
        return Stored({**data, "metadata": meta})

    def _note(self, change: Change) -> None:
        table = self.tables[change.resource]
        table.log.append(change)
        if len(table.log) > 2 * LOG_LENGTH:
            self._trim(table, LOG_LENGTH)
        table.wake()
        for listener in self.listeners:
            listener(change)

    def _trim(self, table: Table, keep: int) -> None:
        gone = len(table.log) - keep
        if gone > 0:
            table.compacted = table.log[gone - 1].version
            del table.log[:gone]
            table.dropped += gone
