"""Why a batch that has not ended is where it is: what keeps it from going on comes first."""

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

    def going(self, progress: Progress, faults: list[str]) -> Said:
        """Why it does not go on comes first."""
        spec, text = self.snapshot.batch.spec, counted(progress)
        if progress.status.stopping:
            return Said(names.STOPPING, f"{len(progress.open)} chunks are being ended; {text}")
        if self.asking.unavailable is not None:
            return Said(names.ARTIFACTS_UNAVAILABLE, self.asking.unavailable.message)
        if self.snapshot.pipeline is None:
            return self._without_pipeline(text)
        if faults:
            return Said(names.INVALID_SPEC, "; ".join(faults), stalled=True)
        refusal = self._refusal(progress)
        if refusal is not None:
            return Said(names.RUN_REFUSED, refusal.message)
        if spec.suspend and not progress.open:
            return Said(names.SUSPENDED, f"it is suspended; {text}")
        return Said(names.RUNNING, text)

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

    def _refusal(self, progress: Progress) -> Refusal | None:
        """Of a run that is to be made, and no other of it works."""
        if any(chunk.uid for chunk in progress.open):
            return None
        keys = (creation(chunk.name, chunk.attempt) for chunk in progress.open)
        refusals = (self.snapshot.refusals.get(key) for key in keys)
        return next((r for r in refusals if r is not None and not r.race), None)
