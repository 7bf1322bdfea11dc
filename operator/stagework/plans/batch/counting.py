"""A chunk's run has ended: its items are counted, or they are run again, whole or in parts.

Asked first (the API service takes the outcomes into the ledger, once), counted then: the chunk
leaves the record in the same write in which the counts of the batch change. What is not counted is
dropped in the ledger before it leaves the record: whoever has decided otherwise meanwhile, before
a crash or before a person changed the batch, has counted it, or never will.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from stagework.api import names
from stagework.api.batch import SAMPLES, BatchStatus, ChunkCounts, FailedSample
from stagework.api.batch_book import SUCCEEDED
from stagework.api.packed_chunk import Chunk
from stagework.plans.batch.asking import Asking
from stagework.plans.batch.facts import ChunkCounted, ItemsCounted
from stagework.plans.batch.measured import with_measured
from stagework.plans.batch.progress import Progress
from stagework.plans.batch.snapshot import BatchSnapshot, ChildRun, Folded, FoldQuestion
from stagework.plans.plan import Event, PlanBuilder
from stagework.policies.chunks.split_failed import split_failed
from stagework.policies.failed_chunk import FailedChunk, after_failure

PIECES_MAX = 64
"""With more parts waiting no further chunk is parted: the status stays small."""
_NO_CHILD = ChildRun("", "", ended=True, succeeded=False, leaving=False)


def unmakeable(message: str) -> ChildRun:
    """Stands for a run that the API server never takes."""
    return replace(_NO_CHILD, reason=names.RUN_REFUSED, message=message)


@dataclass(frozen=True)
class Counting:
    """Counts ended chunks within one decision."""

    snapshot: BatchSnapshot
    asking: Asking
    builder: PlanBuilder
    may_begin: bool
    """False: nothing is run again any more."""
    now: datetime
    alone: str = ""
    """Name of the chunk that may be parted where too many parts wait: nothing else goes on."""

    def ended(self, progress: Progress, chunk: Chunk, child: ChildRun) -> Progress:
        """What follows from the end of its run; nothing, where the answer is not there yet."""
        if child.succeeded:
            return self._count(progress, chunk, child)
        known: Folded | None = None
        verdict = self._verdict(chunk, child, None)
        if verdict == "Ask":
            answer = self.asking.ask(self._question(chunk, child, final=False))
            if not isinstance(answer, Folded):
                return progress
            known = answer
            verdict = self._verdict(chunk, child, known.known)
        if verdict == "Part" and self._must_wait(progress, chunk):
            return progress
        if verdict != "Count":
            dropped = self.asking.ask(_drop_question(chunk))
            if not isinstance(dropped, Folded):
                return progress
            if dropped.dropped:
                return self._tried(progress, chunk, child, known if verdict == "Part" else None)
        return self._count(progress, chunk, child)

    def dropped(self, progress: Progress, chunk: Chunk) -> Progress:
        """Nobody runs it: it leaves the record once nothing of it can be counted any more, or is
        counted, where that was done already.
        """
        answer = self.asking.ask(_drop_question(chunk))
        if not isinstance(answer, Folded):
            return progress
        if answer.dropped:
            return progress.without(chunk)
        return self._count(progress, chunk, _NO_CHILD)

    def _must_wait(self, progress: Progress, chunk: Chunk) -> bool:
        """As it is, for parts that wait already."""
        return len(progress.pieces) >= PIECES_MAX and chunk.name != self.alone

    def _tried(
        self, progress: Progress, chunk: Chunk, child: ChildRun, known: Folded | None
    ) -> Progress:
        """Once more: in parts where `known` is given, else as a whole."""
        if known is not None:
            return self._part(progress, chunk, child, known)
        self._say(chunk, child, "it is run again as a whole")
        return progress.instead(chunk, chunk.again())

    def _verdict(self, chunk: Chunk, child: ChildRun, known: int | None) -> str:
        failed = FailedChunk(
            child.reason, chunk.count, chunk.attempt, chunk.origin is not None, known
        )
        retries = self.snapshot.batch.spec.retriesPerChunk
        return after_failure(failed, retries, may_begin=self.may_begin)

    def _part(self, progress: Progress, chunk: Chunk, child: ChildRun, known: Folded) -> Progress:
        full = len(progress.pieces) >= PIECES_MAX
        suspect = None if known.suspect is None else known.suspect - chunk.start
        by_name = suspect is not None and 0 <= suspect < chunk.count
        # Only parting by rule is counted: where the item is named each parting finds one.
        left = chunk.partings if by_name else max(1, chunk.partings) - 1
        places = split_failed(chunk.count, chunk.partings, suspect if by_name else None)
        parts = tuple(chunk.part(part, left) for part in places)
        self._say(chunk, child, f"it is run again in {len(parts)} parts")
        # Parts of parts come first, or the list would grow with each of them.
        first, rest = (parts[:1], parts[1:]) if full else ((), parts)
        after = progress.instead(chunk, first[0]) if first else progress.without(chunk)
        after = replace(after, pieces=(*rest, *after.pieces))
        return after.within(_with_failed(after, chunk))

    def _count(self, progress: Progress, chunk: Chunk, child: ChildRun) -> Progress:
        answer = self.asking.ask(self._question(chunk, child, final=True))
        if not isinstance(answer, Folded):
            return progress
        before = progress.without(chunk)
        if answer.dropped:
            return before
        status = before.status
        is_whole = chunk.origin is None
        # What stands in the ledger counts, whatever has become of the run since.
        succeeded = answer.outcome == SUCCEEDED if answer.outcome else child.succeeded
        if succeeded and is_whole:
            chunks = status.chunks
            counts = ChunkCounts(completed=chunks.completed + 1, failed=chunks.failed)
            status = status.evolve(chunks=counts)
        elif is_whole:
            status = _with_failed(before, chunk)
            self._say(chunk, child, "its items are counted")
        if succeeded:
            status = with_measured(status, chunk, child, answer)
        self.builder.facts.append(ItemsCounted(answer.done, answer.failed, answer.skipped))
        self.builder.facts.append(ChunkCounted("Succeeded" if succeeded else "Failed"))
        return before.within(
            status.evolve(
                done=max(0, status.done + answer.done),
                failed=max(0, status.failed + answer.failed),
                skipped=max(0, status.skipped + answer.skipped),
                failedSamples=_latest([*status.failedSamples, *answer.samples]),
                lastChunkTime=self.now,
            )
        )

    def _question(self, chunk: Chunk, child: ChildRun, *, final: bool) -> FoldQuestion:
        batch = self.snapshot.batch
        generation = batch.status.pipelineGeneration
        like = (batch.spec.pipelineRef.name, str(generation)) if generation else ("", "")
        return FoldQuestion(
            chunk.round,
            chunk.start,
            chunk.count,
            chunk.attempt,
            whole=chunk.whole,
            final=final,
            child=(child.name, child.uid),
            succeeded=child.succeeded,
            reason=child.reason,
            message=child.message,
            stages=child.stages,
            began=child.began,
            ended=child.ended_at,
            like=like,
            machine=child.machine,
        )

    def _say(self, chunk: Chunk, child: ChildRun, what: str) -> None:
        cause = f"{child.reason}: {child.message}".removesuffix(": ")
        text = f"chunk {chunk.name} failed at attempt {chunk.attempt} ({cause}); {what}"
        self.builder.events.append(Event(names.EVENT_CHUNK_FAILED, text, "Warning"))


def _latest(samples: list[FailedSample]) -> list[FailedSample]:
    """Of each item what was said last."""
    return list({sample.id: sample for sample in samples}.values())[-SAMPLES:]


def _with_failed(progress: Progress, chunk: Chunk) -> BatchStatus:
    """A chunk counts once, however its parts end."""
    chunks = progress.status.chunks
    if chunk.origin is not None:
        return progress.status
    return progress.status.evolve(
        chunks=ChunkCounts(completed=chunks.completed, failed=chunks.failed + 1)
    )


def _drop_question(chunk: Chunk) -> FoldQuestion:
    return FoldQuestion(
        chunk.round,
        chunk.start,
        chunk.count,
        chunk.attempt,
        whole=chunk.whole,
        final=True,
        child=("", ""),
        succeeded=False,
        dropped=True,
    )
