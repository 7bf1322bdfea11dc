"""What the engine remembers of a run between two looks; all of it can be had again."""

from collections.abc import Callable
from dataclasses import dataclass, field

from stagework.api.pipelinejob import PipelineJobStatus
from stagework.plans.snapshot import Lookup, Question, Refused


@dataclass
class Working:
    """A status that was decided upon but not written yet: it may wait a moment."""

    resource_version: str
    status: PipelineJobStatus


@dataclass
class RunMemory:
    """Of one run."""

    working: Working | None = None
    written_at: float = float("-inf")
    """When its status was last written (monotonic seconds)."""
    lookups: dict[Question, Lookup] = field(default_factory=dict[Question, Lookup])
    asking: set[Question] = field(default_factory=set[Question])
    """Lookups under way."""
    refusals: dict[tuple[str, int], tuple[Refused, float]] = field(
        default_factory=dict[tuple[str, int], tuple[Refused, float]]
    )
    """With the time (monotonic seconds) until which they are believed."""

    def current(self, resource_version: str, stored: PipelineJobStatus) -> PipelineJobStatus:
        """The status to decide from: the unwritten one while nothing else was written since."""
        if self.working is not None and self.working.resource_version == resource_version:
            return self.working.status
        self.working = None
        return stored

    def believed_refusals(self, clock: Callable[[], float]) -> dict[tuple[str, int], Refused]:
        """Refusals that have not run out."""
        now = clock()
        self.refusals = {k: v for k, v in self.refusals.items() if v[1] > now}
        return {key: refused for key, (refused, _) in self.refusals.items()}
