"""Live copies of everything that decisions look at, indexed by run.

Some of our own kinds may come through kopf's watches (`take_own`), the rest through reflectors.
Nothing is decided here: changes only name the runs that must be looked at again.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

import msgspec

from stagework.api import names
from stagework.api.observed import JobView, NodeView, PodView
from stagework.cluster.client import paths
from stagework.cluster.client.errors import ApiError
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.cache.paging import T
from stagework.cluster.cache.reflector import Change, OnProblem, Reflector
from stagework.cluster.cache.own_objects import OwnView, pipeline_of, stub_of, target_of

Key = tuple[str, str]
"""Namespace and name of a run."""

PIPELINEJOBS: Final = "pipelinejobs"
PIPELINES: Final = "pipelines"
INTERVENTIONS: Final = "interventions"
OWN_KINDS: Final = (PIPELINES, PIPELINEJOBS, INTERVENTIONS)
"""Plurals of our own kinds."""

RESCAN_SECONDS: Final = 50.0
"""Everything is listed again this often: a change that no watch told is found within a minute."""
RESCAN_OBJECTS_PER_SECOND: Final = 100.0
"""Large copies are rescanned less often: so many objects a second on average."""


class Observer:
    """All copies. `on_dirty` is called with the key of every run that something happened to."""

    def __init__(
        self,
        api: KubeApi,
        namespaces: Iterable[str],
        on_dirty: Callable[[Key], None],
        on_nodes: Callable[[], None],
        on_problem: OnProblem | None = None,
        *,
        told_kinds: Collection[str] = OWN_KINDS,
        is_over: Callable[[str, str, str], bool] = lambda _run, _stage, _attempt: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`told_kinds`: plurals of ours that somebody else watches and tells by `take_own`.

        `is_over`: whether an attempt (run uid, stage, attempt) has ended for good, so that
        updates of its Job are of no interest any more.
        """
        self._on_dirty = on_dirty
        self._is_over = is_over
        self._own_write = False
        self._on_nodes = on_nodes
        self._on_problem = on_problem
        self._run_keys: dict[str, Key] = {}
        self._runs: dict[Key, str] = {}
        self._pipelines: dict[Key, str] = {}
        self._users: dict[Key, set[Key]] = defaultdict(set)
        self._jobs: dict[str, set[str]] = defaultdict(set)
        self._pods: dict[str, set[str]] = defaultdict(set)
        self._requests: dict[Key, set[str]] = defaultdict(set)
        self._node_names: dict[str, NodeView] = {}
        self._told_kinds = tuple(told_kinds)
        wanted = tuple(namespaces) or ("",)
        handlers = {
            PIPELINES: self._pipeline_changed,
            PIPELINEJOBS: self._run_changed,
            INTERVENTIONS: self._request_changed,
        }
        self._own: dict[tuple[str, str], Reflector[OwnView]] = {
            (plural, namespace): Reflector(
                api,
                paths.ours(plural, namespace),
                OwnView,
                handler,
                on_problem=on_problem,
                clock=clock,
            )
            for namespace in wanted
            for plural, handler in handlers.items()
        }
        selector = {"labelSelector": names.LABEL_RUN_UID}
        self._job_copies = {
            namespace: Reflector(
                api,
                paths.jobs(namespace),
                JobView,
                self._job_changed,
                params=selector,
                on_problem=on_problem,
                clock=clock,
            )
            for namespace in wanted
        }
        self._pod_copies = {
            namespace: Reflector(
                api,
                paths.pods(namespace),
                PodView,
                self._pod_changed,
                params=selector,
                on_problem=on_problem,
                clock=clock,
            )
            for namespace in wanted
        }
        self._node_copy = Reflector(
            api, paths.nodes(), NodeView, self._node_changed, on_problem=on_problem, clock=clock
        )

    # --- life --------------------------------------------------------------------------------

    async def follow(self) -> None:
        """Watch everything that nobody else watches for us, and look behind it, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for each in self._watched():
                group.create_task(each.run())
            await self.synced()
            for each in (*self._told(), *self._watched()):
                group.create_task(self._rescan_for_ever(each))

    async def synced(self) -> None:
        """Wait until every first list is complete."""
        for each in (*self._told(), *self._watched()):
            await each.synced.wait()

    async def list_told(self) -> None:
        """The first list of the kinds that somebody else watches."""
        for each in self._told():
            await each.relist()

    def silence_seconds(self) -> float:
        """Seconds since the quietest watch of ours last brought anything (bookmarks count)."""
        return max(each.last_contact_seconds() for each in self._watched())

    def owed_seconds(self) -> float:
        """How long any watch has owed us a change that we know of from elsewhere."""
        return max(each.owed_seconds() for each in (*self._told(), *self._watched()))

    def take_own(self, plural: str, view: OwnView, *, deleted: bool) -> None:
        """An object of ours as somebody else's watch brought it."""
        self._copy(self._own, plural, view.metadata.namespace).tell(view, deleted=deleted)

    async def _rescan_for_ever(self, copy: Reflector[T]) -> None:
        """A watch is a hint, a full list is the truth: what got lost is found by this time."""
        while True:
            await asyncio.sleep(max(RESCAN_SECONDS, len(copy.objects) / RESCAN_OBJECTS_PER_SECOND))
            try:
                await copy.rescan()
            except (ApiError, msgspec.DecodeError) as error:
                if self._on_problem is not None:
                    self._on_problem("a rescan failed", error)

    def _told(self) -> list[Reflector[OwnView]]:
        return [copy for (plural, _), copy in self._own.items() if plural in self._told_kinds]

    def _watched(self) -> list[Reflector[Any]]:
        own = [copy for (plural, _), copy in self._own.items() if plural not in self._told_kinds]
        return [*own, self._node_copy, *self._pod_copies.values(), *self._job_copies.values()]

    # --- questions ---------------------------------------------------------------------------

    def runs(self) -> list[OwnView]:
        """Every run."""
        return [run for key in self._runs if (run := self.run(key)) is not None]

    def run(self, key: Key) -> OwnView | None:
        """The run of that namespace and name."""
        uid = self._runs.get(key, "")
        return self._copy(self._own, PIPELINEJOBS, key[0]).get(uid)

    def key_of(self, run_uid: str) -> Key | None:
        """Namespace and name of a run."""
        return self._run_keys.get(run_uid)

    def pipeline(self, key: Key) -> OwnView | None:
        """The Pipeline of that namespace and name."""
        uid = self._pipelines.get(key, "")
        return self._copy(self._own, PIPELINES, key[0]).get(uid)

    def requests(self, key: Key) -> list[OwnView]:
        """Interventions that aim at that run, oldest first."""
        copy = self._copy(self._own, INTERVENTIONS, key[0])
        found = [each for uid in self._requests.get(key, ()) if (each := copy.get(uid)) is not None]
        return sorted(found, key=lambda v: (v.metadata.creationTimestamp, v.metadata.uid))

    def jobs(self, namespace: str, run_uid: str) -> tuple[JobView, ...]:
        """Jobs that the run controls."""
        copy = self._copy_of(self._job_copies, namespace)
        uids = self._jobs.get(run_uid, ())
        return tuple(each for uid in uids if (each := copy.get(uid)) is not None)

    def pods(self, namespace: str, run_uid: str) -> tuple[PodView, ...]:
        """Pods that say they belong to the run; decisions check the chain of uids."""
        copy = self._copy_of(self._pod_copies, namespace)
        uids = self._pods.get(run_uid, ())
        return tuple(each for uid in uids if (each := copy.get(uid)) is not None)

    @property
    def nodes(self) -> Mapping[str, NodeView]:
        """Nodes by name."""
        return self._node_names

    # --- answers to our own writes -----------------------------------------------------------

    # What we have just done is no news to the decision that it came from: nobody is marked.

    def wrote_job(self, job: JobView) -> None:
        """The answer to a create: known at once, before the watch tells it."""
        self._wrote(self._copy_of(self._job_copies, job.metadata.namespace), job)

    def found_job(self, job: JobView) -> None:
        """A Job that was there already: what has become of it is news."""
        self._copy_of(self._job_copies, job.metadata.namespace).replace(job)

    def wrote_pod(self, pod: PodView) -> None:
        """The answer to a patch."""
        self._wrote(self._copy_of(self._pod_copies, pod.metadata.namespace), pod)

    def wrote_own(self, plural: str, view: OwnView) -> None:
        """The answer to a patch of an object of ours."""
        self._wrote(self._copy(self._own, plural, view.metadata.namespace), view)

    def _wrote(self, copy: Reflector[T], known: T) -> None:
        self._own_write = True
        try:
            copy.replace(known)
        finally:
            self._own_write = False

    # --- finished runs -------------------------------------------------------------------------

    def let_go(self, view: OwnView) -> None:
        """Keep no more than a stub of a run of which nothing more is to come."""
        self._users[pipeline_of(view)].discard(view.key)
        self._copy(self._own, PIPELINEJOBS, view.metadata.namespace).swap(stub_of(view))

    def loaded(self, view: OwnView) -> None:
        """A run that was let go of, as the API server has it."""
        copy = self._copy(self._own, PIPELINEJOBS, view.metadata.namespace)
        copy.swap(view)
        self._wrote(copy, view)

    # --- changes -----------------------------------------------------------------------------

    def _run_changed(self, change: Change[OwnView]) -> None:
        view = change.new or change.old
        if view is None:
            return
        key, uid = view.key, view.metadata.uid
        pipeline = pipeline_of(view)
        if change.new is not None:
            self._runs[key] = uid
            self._run_keys[uid] = key
            self._users[pipeline].add(key)
        else:
            self._run_keys.pop(uid, None)
            if self._runs.get(key) == uid:
                del self._runs[key]
                self._users[pipeline].discard(key)
        self._dirty(key)

    def _pipeline_changed(self, change: Change[OwnView]) -> None:
        view = change.new or change.old
        if view is None:
            return
        if change.new is not None:
            self._pipelines[view.key] = view.metadata.uid
        elif self._pipelines.get(view.key) == view.metadata.uid:
            del self._pipelines[view.key]
        if change.old is None:  # only runs that wait for it care; begun ones use their revision
            for key in self._users.get(view.key, ()):
                self._dirty(key)

    def _request_changed(self, change: Change[OwnView]) -> None:
        view = change.new or change.old
        if view is None:
            return
        key = target_of(view)
        if change.new is not None:
            self._requests[key].add(view.metadata.uid)
        else:
            self._requests[key].discard(view.metadata.uid)
            if not self._requests[key]:
                del self._requests[key]
        self._dirty(key)

    def _job_changed(self, change: Change[JobView]) -> None:
        view = change.new or change.old
        if view is None:
            return
        run_uid = view.metadata.controller_uid
        self._index(self._jobs, run_uid, view.metadata.uid, present=change.new is not None)
        if not same(change) and not self._of_no_interest(change, run_uid):
            self._mark(run_uid)

    def _pod_changed(self, change: Change[PodView]) -> None:
        view = change.new or change.old
        if view is None:
            return
        run_uid = view.metadata.labels.get(names.LABEL_RUN_UID, "")
        self._index(self._pods, run_uid, view.metadata.uid, present=change.new is not None)
        if not same(change):
            self._mark(run_uid)

    def _node_changed(self, change: Change[NodeView]) -> None:
        view = change.new or change.old
        if view is None:
            return
        name = view.metadata.name
        if change.new is None:
            self._node_names.pop(name, None)
        else:
            self._node_names[name] = change.new
        old, new = change.old, change.new
        same = (
            old is not None
            and new is not None
            and (old.ready, old.spec, old.metadata.labels)
            == (new.ready, new.spec, new.metadata.labels)
        )
        if not same:
            self._on_nodes()

    @staticmethod
    def _index(index: dict[str, set[str]], run_uid: str, uid: str, *, present: bool) -> None:
        if present:
            index[run_uid].add(uid)
            return
        index[run_uid].discard(uid)
        if not index[run_uid]:
            del index[run_uid]

    def _of_no_interest(self, change: Change[JobView], run_uid: str) -> bool:
        """A Job that ends after its stage has: the Job controller's bookkeeping."""
        new = change.new
        if new is None or change.old is None or new.metadata.deletion_timestamp is not None:
            return False
        labels = new.metadata.labels
        stage, attempt = labels.get(names.LABEL_STAGE, ""), labels.get(names.LABEL_ATTEMPT, "")
        return self._is_over(run_uid, stage, attempt)

    def _mark(self, run_uid: str) -> None:
        key = self._run_keys.get(run_uid)
        if key is not None:
            self._dirty(key)

    def _dirty(self, key: Key) -> None:
        if not self._own_write:
            self._on_dirty(key)

    @staticmethod
    def _copy(
        copies: Mapping[tuple[str, str], Reflector[OwnView]], plural: str, namespace: str
    ) -> Reflector[OwnView]:
        return copies.get((plural, namespace)) or copies[(plural, "")]

    @staticmethod
    def _copy_of(copies: Mapping[str, Reflector[T]], namespace: str) -> Reflector[T]:
        return copies.get(namespace) or copies[""]


def same(change: Change[JobView] | Change[PodView]) -> bool:
    """Whether nothing has changed that we look at: only the version has moved on."""
    old, new = change.old, change.new
    if old is None or new is None:
        return False
    before, after = old.metadata, new.metadata
    return (
        old.status == new.status
        and before.deletion_timestamp == after.deletion_timestamp
        and before.labels == after.labels
        and before.owner_references == after.owner_references
        and (not isinstance(old, PodView) or old.spec == getattr(new, "spec", None))
    )
