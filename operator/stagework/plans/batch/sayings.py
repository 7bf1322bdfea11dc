"""Why a batch that has not ended is where it is: what keeps it from going on comes first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from stagework.api import names
from stagework.api.conditions import find
from stagework.plans.batch.asking import Asking
from stagework.plans.batch.begin import chunking_of
from stagework.plans.batch.progress import Progress
from stagework.plans.batch.snapshot import BatchSnapshot
from stagework.plans.batch.words import Said, counted
from stagework.plans.plan import PlanBuilder, Refusal, creation
from stagework.policies import validity

PIPELINE_GRACE: Final = timedelta(seconds=60)
"""A missing Pipeline makes the batch Stalled only after this long: it may be applied behind it."""


QUEUED_GRACE: Final = timedelta(seconds=30)
"""Runs that have not begun are no news before they have waited for so long."""
_SHOWN: Final = 3
"""So many runs whose Pods have not ended are named."""


@dataclass(frozen=True)
class Sayings:
    """Of one decision."""

    snapshot: BatchSnapshot
    asking: Asking
    builder: PlanBuilder
    now: datetime

    def faults(self, progress: Progress) -> list[str]:
        """What keeps every chunk that is still to begin from running, as its Pipeline is now."""
        batch, pipeline = self.snapshot.batch, self.snapshot.pipeline
        if pipeline is None or not progress.unbegun or chunking_of(batch.spec) == 1:
            return []  # an item may bring the params that are missing
        spec = pipeline.spec
        return validity.faults(spec.stages, spec.params, batch.spec.params, self.snapshot.fleet)

    def going(self, progress: Progress, faults: list[str], outlived: Sequence[str]) -> Said:
        """Why it does not go on comes first; `outlived`: uids of runs whose Pods have not ended."""
        spec, text = self.snapshot.batch.spec, counted(progress)
        text += _of_outlived(outlived)
        unavailable = self.asking.unavailable
        if progress.status.stopping and unavailable is not None:
            message = f"it is being stopped, and what has ended waits: {unavailable.message}"
            return Said(names.ARTIFACTS_UNAVAILABLE, message)
        if progress.status.stopping:
            return Said(names.STOPPING, f"{len(progress.open)} chunks are being ended; {text}")
        if unavailable is not None:
            return Said(names.ARTIFACTS_UNAVAILABLE, unavailable.message)
        if self.snapshot.pipeline is None:
            return self._without_pipeline(text)
        if faults:
            return Said(names.INVALID_SPEC, "; ".join(faults), stalled=True)
        refusal, works = self._refusal(progress), self._works(progress)
        if refusal is not None and not works:
            return Said(names.RUN_REFUSED, refusal.message)
        if outlived and not works:
            return Said(names.PODS_OUTLIVE_RUN, text)
        if spec.suspend and not progress.open:
            return Said(names.SUSPENDED, f"it is suspended; {text}")
        if refusal is not None:
            text += f"; a run more is refused: {refusal.message}"
        return Said(names.RUNNING, text + self._of_queued(progress))

    def _without_pipeline(self, text: str) -> Said:
        batch = self.snapshot.batch
        name, namespace = batch.spec.pipelineRef.name, batch.metadata.namespace
        said = find(batch.status.conditions, names.SUCCEEDED)
        missed = said is not None and said.reason == names.PIPELINE_NOT_FOUND
        since = said.lastTransitionTime if said is not None and missed else self.now
        until = max(since, batch.metadata.creationTimestamp) + PIPELINE_GRACE
        if self.now < until:
            self.builder.wake(until)
        message = f"no Pipeline {name!r} in namespace {namespace}; {text}"
        return Said(names.PIPELINE_NOT_FOUND, message, stalled=self.now >= until)

    def _works(self, progress: Progress) -> bool:
        """Whether a run of it is there."""
        return any(chunk.uid in self.snapshot.children for chunk in progress.open)

    def _of_queued(self, progress: Progress) -> str:
        """Where none of its runs has had its turn for a while: which one says why."""
        status = progress.status
        children = (self.snapshot.children.get(chunk.uid) for chunk in progress.open)
        going = [child for child in children if child is not None and not child.ended]
        since = status.lastChunkTime or status.startTime
        if not going or since is None or any(child.began is not None for child in going):
            return ""
        if self.now < since + QUEUED_GRACE:
            self.builder.wake(since + QUEUED_GRACE)
            return ""
        name = min(child.name for child in going)
        namespace = self.snapshot.namespace
        return f"; none of its runs has begun: `stagework status {name} -n {namespace}` says why"

    def _refusal(self, progress: Progress) -> Refusal | None:
        """Of a run that is to be made."""
        keys = (creation(chunk.name, chunk.attempt) for chunk in progress.open)
        refusals = (self.snapshot.refusals.get(key) for key in keys)
        return next((r for r in refusals if r is not None and not r.race), None)


def _of_outlived(uids: Sequence[str]) -> str:
    """What such chunks wait for, and what to type."""
    if not uids:
        return ""
    chosen = f"-l '{names.LABEL_RUN_UID} in ({','.join(uids[:_SHOWN])})'"
    word = "chunk waits" if len(uids) == 1 else "chunks wait"
    return f"; {len(uids)} {word} for Pods of a deleted run to end: kubectl get pods {chosen}"
