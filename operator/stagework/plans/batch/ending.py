"""After the last item: the run that gathers, and the batch's time to live."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from stagework.api import names
from stagework.api.batch import BatchStatus
from stagework.api.kinds import BATCH, PIPELINEJOB
from stagework.children.chunk_run import AFTERWARDS, afterwards_name, afterwards_run
from stagework.plans.batch.snapshot import BatchSnapshot, ChildRun
from stagework.plans.plan import Create, Delete, PlanBuilder, Purpose, creation
from stagework.policies.history_wait import AskAgain, Missed, Remembered, history_wait


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
    if spec.afterwards is None or not _is_due(snapshot, status):
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


def refused_gathering(snapshot: BatchSnapshot, status: BatchStatus) -> str:
    """Why the run afterwards is not there, as the end of a sentence; empty where it is."""
    refusal = snapshot.refusals.get(creation(AFTERWARDS, status.round + 1))
    if refusal is None or refusal.race or snapshot.batch.spec.afterwards is None:
        return ""
    return f"; the run afterwards is refused: {refusal.message}"


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
    """The batch goes with its time to live: once its end is stored, what gathers has ended, and no
    run of it waits for history, for all of them go with it.
    """
    batch = snapshot.batch
    ttl, completed = batch.spec.ttlSecondsAfterFinished, status.completionTime
    if ttl is None or completed is None:
        return
    gone_at = completed + timedelta(seconds=ttl)
    if now < gone_at or batch.status.completionTime is None:
        builder.wake(gone_at)
        return
    children, known = snapshot.children.values(), snapshot.remembered
    waits = bool(waiting_for_history(children, known, builder, now))
    waits |= _waits(batch.metadata.uid in known, completed, builder, now)
    if waits or _gathers_still(snapshot, status):
        return
    meta = batch.metadata
    builder.afterwards.append(Delete(BATCH.ref(meta.namespace, meta.name, meta.uid)))


def waiting_for_history(
    children: Iterable[ChildRun],
    remembered: Collection[str],
    builder: PlanBuilder,
    now: datetime,
) -> frozenset[str]:
    """Uids of ended ones that history has not acknowledged, an hour at most."""
    return frozenset(
        child.uid
        for child in children
        if _waits(child.uid in remembered, child.ended_at, builder, now)
    )


def _waits(remembered: bool, since: datetime | None, builder: PlanBuilder, now: datetime) -> bool:
    match history_wait(remembered=remembered, since=since, now=now):
        case AskAgain(at):
            builder.wake(at)
            return True
        case Remembered() | Missed():
            return False


def _gathers_still(snapshot: BatchSnapshot, status: BatchStatus) -> bool:
    """Whether the run of this end is not over, or still to be made; one that can never be made, or
    that somebody has deleted, is not waited for.
    """
    end, known = status.round + 1, gathering_of(status)
    if known is not None and known.end >= end:
        child = snapshot.children.get(known.uid)
        return child is not None and not child.ended
    refusal = snapshot.refusals.get(creation(AFTERWARDS, end))
    return _is_due(snapshot, status) and not (refusal is not None and refusal.final)


def _is_due(snapshot: BatchSnapshot, status: BatchStatus) -> bool:
    """Whether the run of this end is still to be made."""
    known = gathering_of(status)
    is_recorded = known is not None and known.end > status.round
    wanted = snapshot.batch.spec.afterwards is not None and status.summary != names.STOPPED
    return wanted and not is_recorded


def _gathers(purpose: Purpose) -> bool:
    return purpose.name == AFTERWARDS
