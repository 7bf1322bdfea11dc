"""Which changes of Pipelines, Jobs, Pods and Nodes concern which runs."""

from collections.abc import Callable, Iterable
from typing import Any

from stagework.api import names
from stagework.api.kinds import PIPELINE, PIPELINEJOB
from stagework.api.observed import JobView, NodeView, PodView
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.cache.selections import ALL_NODES, STAGE_JOBS, STAGE_PODS, objects_of
from stagework.cluster.cache.store import Change
from stagework.controllers.controller import Key, Trigger
from stagework.controllers.pipelinejobs.decoding import summary_of
from stagework.controllers.pipelinejobs.slots import Slots

IsOver = Callable[[str, str, str], bool]
"""Whether an attempt (run uid, stage, attempt) has ended for good, as far as it is stored."""

(_PIPELINE_NAME,) = PIPELINEJOB.references
RUNS = objects_of(PIPELINEJOB)
"""All runs in the cache."""


def key_of(run: OwnObject) -> Key:
    """The run's key in the work queue."""
    return Key(PIPELINEJOB.kind, *run.name)


class Triggers:
    """Finds the runs that a change concerns."""

    def __init__(self, cache: Cache, slots: Slots, is_over: IsOver) -> None:
        self._cache = cache
        self._slots = slots
        self._is_over = is_over

    def all(self) -> tuple[Trigger[Any], ...]:
        """One for each kind of object that decisions about runs read."""
        return (
            Trigger(objects_of(PIPELINE), self.of_pipeline),
            Trigger(STAGE_JOBS, self.of_job),
            Trigger(STAGE_PODS, self.of_pod),
            Trigger(ALL_NODES, self.of_node),
        )

    def of_pipeline(self, change: Change[OwnObject]) -> Iterable[Key]:
        """Only runs that wait for it care; begun ones use their revision.

        Where its spec has changed, only those for which it could not be understood.
        """
        name = change.object.name
        if change.old is not None and _same_spec(change.old, change.new):
            return ()
        runs = self._cache.indexed(RUNS, name[0], _PIPELINE_NAME, name)
        if change.old is None:
            return [key_of(run) for run in runs]
        return [key_of(run) for run in runs if summary_of(run) == names.NOT_UNDERSTOOD]

    def of_job(self, change: Change[JobView]) -> Iterable[Key]:
        """Not the Job controller's bookkeeping after the stage has ended."""
        uid = change.object.metadata.controller_uid
        if is_same(change) or self._is_bookkeeping(change, uid):
            return ()
        return self._run(change.object.metadata.namespace, uid)

    def of_pod(self, change: Change[PodView]) -> Iterable[Key]:
        """The run that the Pod says it belongs to; the decision checks the chain of uids."""
        if is_same(change):
            return ()
        meta = change.object.metadata
        self._slots.pod_changed(meta.labels.get(names.LABEL_RUN_UID, ""))
        return self._run(meta.namespace, meta.labels.get(names.LABEL_RUN_UID, ""))

    def of_node(self, change: Change[NodeView]) -> Iterable[Key]:
        """Where slots have come or gone every run may be concerned."""
        if not self._slots.node_changed(change):
            return ()
        return [key_of(run) for run in self._cache.all(RUNS) if not run.is_tombstone]

    def _run(self, namespace: str, uid: str) -> Iterable[Key]:
        run = self._cache.get(RUNS, namespace, uid)
        # One store may hold all namespaces: what is of another one concerns nobody here.
        return (key_of(run),) if run is not None and run.metadata.namespace == namespace else ()

    def _is_bookkeeping(self, change: Change[JobView], run_uid: str) -> bool:
        new = change.new
        if new is None or change.old is None or new.metadata.deletion_timestamp is not None:
            return False
        labels = new.metadata.labels
        stage, attempt = labels.get(names.LABEL_STAGE, ""), labels.get(names.LABEL_ATTEMPT, "")
        return self._is_over(run_uid, stage, attempt)


def _same_spec(old: OwnObject, new: OwnObject | None) -> bool:
    """Only its status or metadata has changed."""
    return new is not None and new.metadata.generation == old.metadata.generation


def is_same(change: Change[JobView] | Change[PodView]) -> bool:
    """Whether nothing has changed that decisions read: only the version has moved on."""
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
