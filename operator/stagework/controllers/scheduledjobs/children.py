"""What can be seen of what was made for slots: runs, batches, and Jobs of built-in tasks.

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
from stagework.cluster.cache.own_objects import OwnObject, from_bytes
from stagework.cluster.cache.selections import BY_OWNER, TASK_JOBS, Selection, objects_of
from stagework.cluster.cache.store import Change
from stagework.cluster.client.paging import Codec, T
from stagework.controllers.child_runs import key_of_maker, maker_of, runs_of
from stagework.controllers.controller import Key
from stagework.controllers.decoding import End, end_of
from stagework.plans.scheduledjob.snapshot import RunSeen

Recorded = ActiveRun | EndedRun
"""What a status says of one."""


def job_end(job: TaskJobView) -> End | None:
    """How the Job of a task has ended; None: it has not."""
    status = job.status
    if not status.ended:
        return None
    begin, end = status.start_time, status.completion_time
    seconds = (end - begin).total_seconds() if begin is not None and end is not None else 0.0
    return End(status.completed, max(0, round(seconds)), end)


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
    is_leaving: Callable[[T], bool]
    decode: Callable[[bytes], T]
    """From an answer of the API server."""
    history_of: Callable[[Cache, str, Recorded], Iterable[str]]
    """Uids of the runs of which history is told, of one in that namespace."""

    def seen(self, cache: Cache, namespace: str, uid: str) -> RunSeen | None:
        """The one of that uid; None: the cache does not show it."""
        known = cache.get(self.selection, namespace, uid)
        return None if known is None else self._seen(known)

    def read(self, answer: bytes, uid: str) -> RunSeen | None:
        """The same of an answer of the API server; None: it is another one."""
        known = self.decode(answer)
        return self._seen(known) if known.metadata.uid == uid else None

    def _seen(self, known: T) -> RunSeen:
        end, leaving = self.end(known), self.is_leaving(known)
        if end is None:
            return RunSeen(leaving=leaving)
        return RunSeen(True, end.succeeded, end.seconds, end.at, leaving)

    def names_of(self, cache: Cache, maker: ObjectRef) -> Iterator[str]:
        """Names of those that say that this very object controls them."""
        for known in cache.indexed(self.selection, maker.namespace, BY_OWNER, maker.uid):
            owner = self.owner(known)
            same_place = known.metadata.namespace == maker.namespace
            if same_place and owner is not None and owner.names(maker):
                yield known.metadata.name


def _itself(_cache: Cache, _namespace: str, run: Recorded) -> Iterable[str]:
    return (run.uid,)


def _runs_of_batch(cache: Cache, namespace: str, batch: Recorded) -> Iterable[str]:
    """History knows no batches, but their runs, which go with them."""
    runs = runs_of(cache, BATCH.ref(namespace, batch.name, batch.uid))
    return [run.metadata.uid for run in runs]


def _none(_cache: Cache, _namespace: str, _job: Recorded) -> Iterable[str]:
    """History knows no tasks."""
    return ()


def _of_kind(
    kind: Kind, history_of: Callable[[Cache, str, Recorded], Iterable[str]]
) -> Source[OwnObject]:
    return Source(
        objects_of(kind),
        owner=lambda known: known.controller,
        end=end_of,
        concerns=partial(maker_of, SCHEDULEDJOB),
        is_leaving=lambda known: known.metadata.deletionTimestamp is not None,
        decode=from_bytes,
        history_of=history_of,
    )


SOURCES: Final[Mapping[str, Source[Any]]] = {
    PIPELINEJOB.kind: _of_kind(PIPELINEJOB, _itself),
    BATCH.kind: _of_kind(BATCH, _runs_of_batch),
    JOBS.kind: Source(
        TASK_JOBS,
        owner=lambda job: job.metadata.controller,
        end=job_end,
        concerns=maker_of_job,
        is_leaving=lambda job: job.metadata.leaving,
        decode=Codec(TaskJobView).one,
        history_of=_none,
    ),
}
"""By kind, as statuses have it."""


def source_of(kind: str) -> Source[Any]:
    """Of what a status names by that kind; empty: a PipelineJob."""
    return SOURCES[resource_of(kind).kind]


def seen(cache: Cache, namespace: str, run: Recorded) -> RunSeen | None:
    """What the cache shows of one that the status records; None: nothing."""
    return source_of(run.kind).seen(cache, namespace, run.uid)


def standing(cache: Cache, maker: ObjectRef) -> dict[str, str]:
    """Name to kind of all that say that this very object controls them."""
    return {
        name: kind for kind, source in SOURCES.items() for name in source.names_of(cache, maker)
    }
