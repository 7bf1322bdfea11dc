"""What the engine remembers of a run between two looks; all of it can be had again."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from sys import intern
from typing import Final, Self

import orjson

from stagework.api.pipelinejob import PipelineJobStatus, StageStatus
from stagework.cluster.apply import stored_document
from stagework.plans.run_status import ENDED
from stagework.plans.snapshot import Lookup, Question, Refused


@lru_cache(maxsize=256)
def _shared(attempt: int, ended: bool) -> tuple[int, bool]:
    """One tuple for all that are alike: there are nine a run, and ten thousand runs."""
    return (attempt, ended)


NEVER: Final = float("-inf")
"""Before any time of a clock."""


@dataclass(frozen=True)
class Working:
    """A status that was decided upon but not written yet: it may wait a moment."""

    resource_version: str
    kept: PipelineJobStatus | bytes
    """As JSON, which is far smaller, where very many may be waiting."""

    @classmethod
    def of(cls, resource_version: str, status: PipelineJobStatus, *, small: bool) -> Self:
        """Keep a status, as JSON where it shall be `small`."""
        if not small:
            return cls(resource_version, status)
        return cls(resource_version, orjson.dumps(stored_document(status)))

    @property
    def status(self) -> PipelineJobStatus:
        """The status."""
        if isinstance(self.kept, bytes):
            return PipelineJobStatus.model_validate_json(self.kept)
        return self.kept


@dataclass
class RunMemory:
    """Of one run."""

    working: Working | None = None
    written_at: float = NEVER
    """When its status was last written (monotonic seconds)."""
    lookups: dict[Question, Lookup] = field(default_factory=dict[Question, Lookup])
    asking: set[Question] = field(default_factory=set[Question])
    """Lookups under way."""
    stages: dict[str, tuple[int, bool]] = field(default_factory=dict[str, tuple[int, bool]])
    """Attempt of each stage in the last stored status, and whether the stage has ended."""
    refusals: dict[tuple[str, int], tuple[Refused, float]] = field(
        default_factory=dict[tuple[str, int], tuple[Refused, float]]
    )
    """With the time (monotonic seconds) until which they are believed."""
    doomed: bool = False
    """Its namespace is being deleted, and it will be too: nothing can be made for it any more."""

    def unwritten(self, resource_version: str) -> PipelineJobStatus | None:
        """The status to decide from while it was not written and nothing else was since."""
        if self.working is not None and self.working.resource_version == resource_version:
            return self.working.status
        self.working = None
        return None

    def note(self, stages: Iterable[StageStatus]) -> None:
        """Keep what is stored of each stage, for `is_over`."""
        self.stages = {intern(s.name): _shared(s.attempt, s.state in ENDED) for s in stages}

    def is_over(self, stage: str, attempt: str) -> bool:
        """Whether this attempt has ended for good, as far as it is stored."""
        current, ended = self.stages.get(stage, (0, False))
        return attempt.isdigit() and (int(attempt) < current or (ended and int(attempt) == current))

    def believed_refusals(self, clock: Callable[[], float]) -> dict[tuple[str, int], Refused]:
        """Refusals that have not run out."""
        now = clock()
        self.refusals = {k: v for k, v in self.refusals.items() if v[1] > now}
        return {key: refused for key, (refused, _) in self.refusals.items()}
