"""What the cache shows of what was made for slots: runs, batches, and Jobs of built-in tasks.

All that differs from one to the other while the operator runs is said here, once each.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Generic

from stagework.api.kinds import BATCH, PIPELINEJOB, SCHEDULEDJOB, Kind
from stagework.api.observed import OwnerReference, TaskJobView
from stagework.api.resources import JOBS, ObjectRef
from stagework.api.scheduledjob import ActiveRun, EndedRun
from stagework.children.slot_child import resource_of
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.cache.selections import BY_OWNER, TASK_JOBS, Selection, objects_of
from stagework.cluster.cache.store import Change
from stagework.cluster.client.paging import T
from stagework.controllers.child_runs import key_of_maker, maker_of
from stagework.controllers.controller import Key
from stagework.controllers.decoding import End, end_of
from stagework.plans.scheduledjob.snapshot import RunSeen


def job_end(job: TaskJobView) -> End | None:
    """How the Job of a task has ended; None: it has not."""
    status = job.status
    if not status.ended:
        return None
    begin, end = status.start_time, status.completion_time
    seconds = (end - begin).total_seconds() if begin is not None and end is not None else 0.0
    return End(status.completed, max(0, round(seconds)))


def maker_of_job(change: Change[TaskJobView]) -> Iterable[Key]:
    """The ScheduledJob that a change of a task's Job concerns, as the Job says."""
    old, new, meta = change.old, change.new, change.object.metadata
    if old is not None and new is not None:
        leaving = old.metadata.leaving != new.metadata.leaving
        if old.status.ended == new.status.ended and not leaving:
            return ()
    key = key_of_maker(SCHEDULEDJOB, meta.namespace, meta.controller)
    return () if key is None else (key,)


@dataclass(frozen=True)
class Source(Generic[T]):
    """One kind of what is made for slots, in the cache."""

    selection: Selection[T]
    owner: Callable[[T], OwnerReference | None]
    """The object that controls it, as it says."""
    end: Callable[[T], End | None]
    concerns: Callable[[Change[T]], Iterable[Key]]

    def seen(self, cache: Cache, namespace: str, uid: str) -> RunSeen | None:
        """The one of that uid; None: it is not there."""
        known = cache.get(self.selection, namespace, uid)
        if known is None:
            return None
        end = self.end(known)
        return RunSeen() if end is None else RunSeen(True, end.succeeded, end.seconds)

    def names_of(self, cache: Cache, maker: ObjectRef) -> Iterator[str]:
        """Names of those that say that this very object controls them."""
        for known in cache.indexed(self.selection, maker.namespace, BY_OWNER, maker.uid):
            owner = self.owner(known)
            same_place = known.metadata.namespace == maker.namespace
            if same_place and owner is not None and owner.names(maker):
                yield known.metadata.name


def _of_kind(kind: Kind) -> Source[OwnObject]:
    concerns = partial(maker_of, SCHEDULEDJOB)
    return Source(objects_of(kind), lambda known: known.controller, end_of, concerns)


SOURCES: Final[Mapping[str, Source[Any]]] = {
    PIPELINEJOB.kind: _of_kind(PIPELINEJOB),
    BATCH.kind: _of_kind(BATCH),
    JOBS.kind: Source(TASK_JOBS, lambda job: job.metadata.controller, job_end, maker_of_job),
}
"""By kind, as statuses have it."""


def seen(cache: Cache, namespace: str, run: ActiveRun | EndedRun) -> RunSeen | None:
    """What the cache shows of one that the status records; None: it is not there."""
    return SOURCES[resource_of(run.kind).kind].seen(cache, namespace, run.uid)


def standing(cache: Cache, maker: ObjectRef) -> dict[str, str]:
    """Name to kind of all that say that this very object controls them."""
    return {
        name: kind for kind, source in SOURCES.items() for name in source.names_of(cache, maker)
    }
