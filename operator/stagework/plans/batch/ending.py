"""After the last item: the run that gathers, and the batch's time to live."""

from datetime import datetime, timedelta
from typing import NamedTuple

from stagework.api import names
from stagework.api.batch import BatchStatus
from stagework.api.kinds import BATCH, PIPELINEJOB
from stagework.children.chunk_run import AFTERWARDS, afterwards_name, afterwards_run
from stagework.plans.batch.snapshot import BatchSnapshot, ChildRun
from stagework.plans.plan import Create, Delete, PlanBuilder, Purpose


class Gathering(NamedTuple):
    """The run after the last item, as the status has it."""

    end: int
    """Which end of the batch it follows."""
    name: str
    uid: str


def gathering_of(status: BatchStatus) -> Gathering | None:
    """None: none is on record."""
    words = status.afterwards.split(" ")
    if len(words) != len(Gathering._fields) or not words[0].isdecimal():
        return None
    return Gathering(int(words[0]), words[1], words[2])


def with_gathering(
    snapshot: BatchSnapshot, status: BatchStatus, builder: PlanBuilder
) -> BatchStatus:
    """Have it made once the end is stored, and put it on record once it is made."""
    spec, meta, end = snapshot.batch.spec, snapshot.batch.metadata, status.round + 1
    known = gathering_of(status)
    if (
        spec.afterwards is None
        or status.summary == names.STOPPED
        or (known is not None and known.end >= end)
    ):
        return status
    purpose = Purpose(AFTERWARDS, end)
    taken = sum(wanted == purpose for wanted in snapshot.made.taken.values())
    name = afterwards_name(meta.name, meta.uid, end, taken)
    made = snapshot.made.children.get(name)
    if made is not None:
        return status.evolve(afterwards=f"{end} {name} {made.uid}")
    manifest = afterwards_run(snapshot.batch, spec.afterwards.pipelineRef.name, name)
    builder.afterwards.append(Create(PIPELINEJOB.resource, name, manifest, purpose))
    return status


def gathering_names(snapshot: BatchSnapshot, status: BatchStatus) -> tuple[str, ...]:
    """Names of runs that are not chunks', and stay."""
    kept = [name for name, child in snapshot.made.children.items() if _gathers(child.purpose)]
    known = gathering_of(status)
    meta, end = snapshot.batch.metadata, status.round + 1
    kept.extend(afterwards_name(meta.name, meta.uid, number + 1, 0) for number in range(end))
    if known is not None:
        kept.append(known.name)
    return tuple(kept)


def after_end(
    snapshot: BatchSnapshot, status: BatchStatus, builder: PlanBuilder, now: datetime
) -> None:
    """The batch goes with its time to live: once its end is stored, and what gathers has ended."""
    batch = snapshot.batch
    ttl, completed = batch.spec.ttlSecondsAfterFinished, status.completionTime
    if ttl is None or completed is None:
        return
    gone_at = completed + timedelta(seconds=ttl)
    if now < gone_at or batch.status.completionTime is None:
        builder.wake(gone_at)
        return
    known = gathering_of(status)
    child: ChildRun | None = snapshot.children.get(known.uid) if known is not None else None
    if child is None or child.ended:
        meta = batch.metadata
        builder.afterwards.append(Delete(BATCH.ref(meta.namespace, meta.name, meta.uid)))


def _gathers(purpose: Purpose) -> bool:
    return purpose.name == AFTERWARDS
