"""Decide about one Batch: in the order of its life, and each step by what the step before left.

1. Its list of items is frozen. 2. What people ask of it is carried out. 3. What has become of the
chunks in flight is counted, or run again. 4. More chunks are begun, as far as that is allowed.
5. Its status says all of that, and once it is stored: runs are made for the chunks that it names,
and those that it does not name any more are removed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from stagework.api import names
from stagework.api.batch import BatchStatus
from stagework.api.packed_chunk import Chunk
from stagework.plans.batch.asking import Asking
from stagework.plans.batch.begin import begun
from stagework.plans.batch.counting import Counting, unmakeable
from stagework.plans.batch.deleting import deleting
from stagework.plans.batch.ending import after_end, refused_gathering, with_gathering
from stagework.plans.batch.eta import with_eta
from stagework.plans.batch.facts import fact_of, has_news
from stagework.plans.batch.freezing import NotFrozen, freeze
from stagework.plans.batch.interventions import carried_out
from stagework.plans.batch.priors import asked_priors, may_wait
from stagework.plans.batch.progress import Progress, progress_of
from stagework.plans.batch.runs import Runs, remove, say_taken
from stagework.plans.batch.sayings import Sayings
from stagework.plans.batch.situation import (
    Ended,
    Going,
    Impossible,
    Outlived,
    Situation,
    Unmade,
    situation_of,
)
from stagework.plans.batch.snapshot import (
    NO_PRIORS,
    BatchPlan,
    BatchSnapshot,
)
from stagework.plans.batch.words import Said, counted, status_of
from stagework.plans.plan import Event, ForHistory, PlanBuilder
from stagework.policies.batch_end import Counts, end_of
from stagework.policies.failed_items import too_many

OUTLIVED_POLL: Final = timedelta(seconds=2)
"""Pods that outlive their run are looked for so often."""


def plan(snapshot: BatchSnapshot, now: datetime) -> BatchPlan:
    """What is to be done about it now."""
    if snapshot.batch.metadata.deletionTimestamp is not None:
        return deleting(snapshot, now)
    return _Deciding(snapshot, now).plan()


@dataclass
class _Deciding:
    """One decision."""

    snapshot: BatchSnapshot
    now: datetime
    builder: PlanBuilder = field(default_factory=PlanBuilder)

    def __post_init__(self) -> None:
        self.asking = Asking(self.snapshot, self.builder, self.now)
        self.runs = Runs(self.snapshot, self.asking, self.builder, self.now)
        self.unmade: list[Chunk] = []
        """Chunks of which runs are to be made, as soon as they are on record."""
        self.outlived: list[str] = []
        """Uids of runs that are gone and whose Pods have not ended."""

    def plan(self) -> BatchPlan:
        batch, builder = self.snapshot.batch, self.builder
        progress = progress_of(batch.status)
        refused = batch.status.ended and batch.status.manifest is None
        frozen: BatchStatus | NotFrozen = batch.status
        if batch.status.manifest is None and not refused and not batch.status.stopping:
            frozen = freeze(self.snapshot, self.asking, self.now)
        if isinstance(frozen, BatchStatus):
            progress = progress.within(_with_generation(self.snapshot, frozen))
        progress, answered = carried_out(self.snapshot, progress, self.asking, builder, self.now)
        if refused:
            return self._stored(batch.status.evolve(answered=answered), progress)
        if isinstance(frozen, NotFrozen) and not progress.status.stopping:
            said = _not_frozen(frozen)
            status = status_of(self.snapshot, progress, said, answered, self.now)
            return self._stored(status, progress)
        progress, said = self._run(progress)
        status = status_of(self.snapshot, progress, said, answered, self.now)
        if said.succeeded != "Unknown":
            status = with_gathering(self.snapshot, status, builder)
            after_end(self.snapshot, status, builder, self.now)
        return self._stored(status, progress)

    def _run(self, progress: Progress) -> tuple[Progress, Said]:
        """Count what has ended, begin what may begin, and say how it stands."""
        exceeded = self._exceeded(progress)
        may_begin = not exceeded and not progress.status.stopping
        progress = self._observed(progress, may_begin=may_begin)
        exceeded = exceeded or self._exceeded(progress)
        known = asked_priors(self.snapshot, self.asking)
        priors = known or NO_PRIORS
        awaits_priors = known is None and may_wait(
            self.snapshot, progress.status, self.builder, self.now
        )
        sayings = Sayings(self.snapshot, self.asking, self.builder, self.now)
        faults = sayings.faults(progress)
        held = self.snapshot.batch.spec.suspend or self.snapshot.pipeline is None or bool(faults)
        if exceeded:
            progress = _given_up(progress, self.snapshot.batch.spec.maxFailedItems or "")
        elif may_begin and not (held or awaits_priors) and self.asking.unavailable is None:
            before = progress.open
            progress = begun(self.snapshot, progress, priors.by_machine)
            self.unmade.extend(chunk for chunk in progress.open if chunk not in before)
        for chunk in dict.fromkeys(self.unmade):
            if chunk in progress.open:
                self.runs.make(chunk)
        if not progress.rest and not progress.open:
            return self._over(progress, exceeded=exceeded)
        eta = with_eta(self.snapshot, progress, known, self.asking, self.now)
        progress = progress.within(eta)
        return progress, sayings.going(progress, faults, self.outlived)

    def _observed(self, progress: Progress, *, may_begin: bool) -> Progress:
        seen = [(chunk, *situation_of(self.snapshot, chunk)) for chunk in progress.open]
        alone = self._parted_alone([(chunk, situation) for _, chunk, situation in seen])
        counting = Counting(self.snapshot, self.asking, self.builder, may_begin, self.now, alone)
        stopping = progress.status.stopping
        for recorded, chunk, situation in seen:
            if chunk.remake > recorded.remake:
                say_taken(self.snapshot, recorded, self.builder)
            progress = progress.instead(recorded, chunk)
            match situation:
                case Ended(child):
                    progress = counting.ended(progress, chunk, child)
                    self.unmade.append(chunk.again())  # where it is tried again
                case Impossible(refusal):
                    progress = counting.ended(progress, chunk, unmakeable(refusal.message))
                case Going(child) if stopping:
                    remove(self.snapshot, child, self.builder)
                case Outlived(uid):
                    self.outlived.append(uid)
                    self.builder.wake(self.now + OUTLIVED_POLL)
                case Unmade() if stopping:
                    progress = counting.dropped(progress, chunk)
                case Unmade():
                    self.unmade.append(chunk)
                case Going():
                    pass
        return progress

    def _parted_alone(self, situations: Sequence[tuple[Chunk, Situation]]) -> str:
        """The smallest chunk in flight where all of them have failed and wait to be parted: else
        each would wait for a place of the others, for ever. Empty while anything goes on.
        """
        waits = all(isinstance(situation, Ended | Impossible) for _, situation in situations)
        if not waits or len(situations) < self.snapshot.batch.spec.parallelism:
            return ""
        return min((chunk for chunk, _ in situations), key=lambda chunk: chunk.count).name

    def _over(self, progress: Progress, *, exceeded: bool) -> tuple[Progress, Said]:
        """Nothing of it is left to run."""
        status = progress.status
        counts = Counts(status.total, status.done, status.failed, status.skipped)
        succeeded, reason = end_of(counts, too_many=exceeded, stopped=bool(status.stopped))
        text = counted(progress)
        if reason == names.STOPPED:
            text = f"stopped by {status.stopped}; {text}"
        if reason == names.TOO_MANY_FAILED_ITEMS:
            limit = self.snapshot.batch.spec.maxFailedItems
            text = f"more failed than maxFailedItems ({limit}) allows; {text}"
        text += refused_gathering(self.snapshot, status)
        if self.asking.unavailable is not None:
            text += f"; what is asked of it waits: {self.asking.unavailable.message}"
        stopped = status.stopped if counts.handled < counts.total or not counts.total else ""
        status = status.evolve(stopping=False, stopped=stopped, eta="", etaSeconds=None, etaFrom=0)
        if not self.snapshot.batch.status.ended:
            good = succeeded == "True"
            kind = names.EVENT_COMPLETED if good else names.EVENT_FAILED
            self.builder.events.append(Event(kind, text, "Normal" if good else "Warning"))
        return progress.within(status), Said(reason, text, succeeded)

    def _exceeded(self, progress: Progress) -> bool:
        """Whether more have failed than may, not counting those that somebody has seen."""
        status, limit = progress.status, self.snapshot.batch.spec.maxFailedItems
        new = status.failed - status.failedBefore
        return too_many(limit, new, status.total)

    def _stored(self, status: BatchStatus, progress: Progress) -> BatchPlan:
        before = self.snapshot.batch.status
        self.runs.remove_stale(status, progress)
        changed = status != before
        if has_news(before, status):
            fact = fact_of(self.snapshot.batch, status, self.now)
            self.builder.facts.append(ForHistory(fact))
        return self.builder.plan(
            status if changed else None,
            urgent=_is_urgent(before, status),
            patient=changed and _without_uids(status) == _without_uids(before),
            again_once_stored=status.ended and not before.ended,
        )


def _not_frozen(frozen: NotFrozen) -> Said:
    return Said(frozen.reason, frozen.message, "False" if frozen.final else "Unknown")


def _with_generation(snapshot: BatchSnapshot, status: BatchStatus) -> BatchStatus:
    if snapshot.pipeline is None or status.ended:
        return status
    return status.evolve(pipelineGeneration=snapshot.pipeline.metadata.generation)


def _given_up(progress: Progress, limit: str) -> Progress:
    """Nothing further is begun; what is in flight goes on to its end."""
    status = progress.status
    if not (progress.unbegun or progress.pieces):
        return progress
    status = status.evolve(
        nextPosition=status.roundTotal, waitingRounds=[], stopped=f"maxFailedItems ({limit})"
    )
    return replace(progress, status=status, pieces=())


def _without_uids(status: BatchStatus) -> BatchStatus:
    """What is worth a write soon: the uids of runs go with the next one, where that comes soon."""
    return status.evolve(open=[line.partition(" ")[0] for line in status.open])


def _is_urgent(before: BatchStatus, after: BatchStatus) -> bool:
    """Whether anything has changed but what is merely said."""
    same = after.evolve(
        message=before.message,
        eta=before.eta,
        etaSeconds=before.etaSeconds,
        etaFrom=before.etaFrom,
        estimates=before.estimates,
        itemsPerMinute=before.itemsPerMinute,
    )
    return _without_uids(same) != _without_uids(before)
