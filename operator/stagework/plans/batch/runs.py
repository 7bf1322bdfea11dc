"""The runs of a batch's chunks: made once their chunks are on record, removed once they are not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stagework.api import names
from stagework.api.batch import BatchStatus
from stagework.api.kinds import PIPELINEJOB
from stagework.api.packed_chunk import Chunk
from stagework.children.chunk_run import Item, chunk_run, chunk_run_name
from stagework.plans.batch.asking import Asking
from stagework.plans.batch.begin import chunking_of
from stagework.plans.batch.ending import gathering_names, waiting_for_history
from stagework.plans.batch.progress import Progress
from stagework.plans.batch.snapshot import (
    BatchSnapshot,
    ChildRun,
    GivenItems,
    ItemsQuestion,
    Unavailable,
)
from stagework.plans.plan import Create, Delete, Event, PlanBuilder, Purpose

ITEMS_AT_ONCE: Final = 64
"""Items that are asked for together, where each has a run of its own."""


@dataclass(frozen=True)
class Runs:
    """What is done to them within one decision, after its status is stored."""

    snapshot: BatchSnapshot
    asking: Asking
    builder: PlanBuilder
    now: datetime

    def make(self, chunk: Chunk) -> None:
        """Have the run of this attempt made."""
        item: Item | None = None
        batch = self.snapshot.batch
        if chunking_of(batch.spec) == 1:
            item = self._item(chunk)
            if item is None:
                return
        manifest = chunk_run(batch, chunk, item)
        purpose = Purpose(chunk.name, chunk.attempt)
        create = Create(PIPELINEJOB.resource, manifest["metadata"]["name"], manifest, purpose)
        self.builder.afterwards.append(create)

    def remove_stale(self, status: BatchStatus, progress: Progress) -> None:
        """Runs of chunks that are counted, or tried anew: nothing names them any more."""
        meta = self.snapshot.batch.metadata
        kept = {chunk_run_name(meta.name, meta.uid, chunk) for chunk in progress.open}
        kept.update(gathering_names(self.snapshot, status))
        stale = [child for child in self.snapshot.children.values() if child.name not in kept]
        waiting = waiting_for_history(stale, self.snapshot.remembered, self.builder, self.now)
        for child in stale:
            if child.uid not in waiting:
                remove(self.snapshot, child, self.builder)

    def _item(self, chunk: Chunk) -> Item | None:
        """The one item of a chunk; asked for together with its neighbours."""
        first = chunk.start - chunk.start % ITEMS_AT_ONCE
        answer = self.asking.ask(ItemsQuestion(chunk.round, first, first + ITEMS_AT_ONCE))
        place = chunk.start - first
        if not isinstance(answer, GivenItems):
            return None
        if place >= len(answer.items):
            text = f"the API service has no item at position {chunk.start} of round {chunk.round}"
            self.asking.unavailable = Unavailable(text, self.now)
            return None
        return answer.items[place]


def remove(snapshot: BatchSnapshot, child: ChildRun, builder: PlanBuilder) -> None:
    """That very run, unless it is going already."""
    if not child.leaving:
        target = PIPELINEJOB.ref(snapshot.namespace, child.name, child.uid)
        builder.afterwards.append(Delete(target))


def say_taken(snapshot: BatchSnapshot, chunk: Chunk, builder: PlanBuilder) -> None:
    """Somebody else's run has the name that this chunk's was to have."""
    meta = snapshot.batch.metadata
    name = chunk_run_name(meta.name, meta.uid, chunk)
    text = (
        f"PipelineJob {name} is in the way and was not made by the operator: another name is taken"
    )
    builder.events.append(Event(names.RUN_NAME_TAKEN, text, "Warning"))
