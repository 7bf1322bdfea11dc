"""The monitor's memory: which runs it follows, and what each new status of them is news of.

Objects and `now` go in, news comes out; who reads the cluster and who prints is not known here.

1. A run that is wanted and not yet followed becomes a candidate.
2. Each poll picks up at most `limit` candidates, the oldest first.
3. A followed run gives news per step change, once past its timeout, and at its end.
4. A run that ended and was retried by a person is picked up again.
Runs that had ended before the first listing are history: they are left alone unless named.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob
from stagework.api.stage_status import StageStatus
from stagework.overview.rows import RunRow, row
from stagework.overview.run_end import RunEnd, run_end
from stagework.overview.steps import StepChange, changes

_OF_THE_RUN: Final = frozenset(
    {
        names.SUSPENDED,
        names.PIPELINE_NOT_FOUND,
        names.NOT_UNDERSTOOD,
        names.CANNOT_BE_PLANNED,
        names.REVISION_REFUSED,
        names.REVISION_LOST,
    }
)
"""Words that are said of a whole run, whatever its stages do."""
ENDS_KEPT: Final = 10_000
"""Ends that are remembered at most; the oldest are forgotten."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs to pick up; empty means any."""

    names: frozenset[str] = frozenset()
    """These runs alone, whatever their age, also when they have ended."""
    pipeline: str = ""
    tenant: str = ""
    since_seconds: float = 3600
    after_stage: str = ""
    """Only once this stage is done."""

    def allows(self, run: PipelineJob, now: datetime) -> bool:
        """Whether to pick this run up now."""
        if self.names:
            return run.metadata.name in self.names
        if self.pipeline:
            ref = run.spec.pipelineRef
            if ref is None or ref.name != self.pipeline:
                return False
        if self.tenant and run.spec.tenant != self.tenant:
            return False
        if self.after_stage:
            stage = run.status.stage_named(self.after_stage)
            if stage is None or not stage.done:
                return False
        age = (now - run.metadata.creationTimestamp).total_seconds()
        return age <= self.since_seconds


@dataclass(frozen=True, slots=True)
class PickedUp:
    """The run is followed from now on."""

    run: PipelineJob


@dataclass(frozen=True, slots=True)
class Changed:
    """A stage of the run has moved on."""

    run: PipelineJob
    change: StepChange


@dataclass(frozen=True, slots=True)
class NotRun:
    """Stages of the run will not run."""

    run: PipelineJob
    stages: tuple[StageStatus, ...]


@dataclass(frozen=True, slots=True)
class HeldUp:
    """The whole run cannot go on, which no stage of it says."""

    run: PipelineJob


@dataclass(frozen=True, slots=True)
class Ended:
    """The run has ended."""

    run: PipelineJob
    end: RunEnd


@dataclass(frozen=True, slots=True)
class Late:
    """The run is not done so long after it was picked up; it goes on."""

    run: PipelineJob
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class Gone:
    """The run was deleted while it was followed."""

    run: PipelineJob


News = PickedUp | Changed | NotRun | HeldUp | Ended | Late | Gone
"""What the monitor has to tell."""


@dataclass(frozen=True, slots=True)
class Followed:
    """One run that is being monitored."""

    run: PipelineJob
    picked_up: datetime
    warned: bool = False
    """Whether its timeout has been told."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One run that waits to be picked up."""

    run: PipelineJob
    known: PipelineJob | None
    """The run as it was before the monitor began; None where all of it is news."""


class Watchlist:
    """The runs being monitored."""

    def __init__(self, wanted: Wanted, *, limit: int = 10, timeout_seconds: float = 600) -> None:
        self._wanted = wanted
        self._limit = limit
        self._timeout_seconds = timeout_seconds
        self._candidates: dict[str, Candidate] = {}
        self._followed: dict[str, Followed] = {}
        self._past: set[str] = set()
        self._first_listing = True
        self.ends: dict[str, RunEnd] = {}
        """`namespace/name` of each run that ended while followed, to how."""

    @property
    def followed(self) -> tuple[PipelineJob, ...]:
        """What is being monitored, in the order of picking up."""
        return tuple(entry.run for entry in self._followed.values())

    @property
    def late(self) -> tuple[str, ...]:
        """`namespace/name` of followed runs that are past their timeout."""
        return tuple(key(entry.run) for entry in self._followed.values() if entry.warned)

    @property
    def idle(self) -> bool:
        """Whether nothing is followed and nothing waits to be picked up."""
        return not self._followed and not self._candidates

    def rows(self, now: datetime) -> list[RunRow]:
        """What is being monitored as it stands now, in the order of picking up."""
        return [row(run, now) for run in self.followed]

    def listed(self, runs: Sequence[PipelineJob], now: datetime) -> list[News]:
        """All runs that there are: what is missing has been deleted."""
        present = {run.metadata.uid for run in runs}
        news: list[News] = []
        for uid in [uid for uid in self._followed if uid not in present]:
            news += self.deleted(uid)
        self._past &= present
        self._candidates = {
            uid: candidate for uid, candidate in self._candidates.items() if uid in present
        }
        for run in runs:
            if self._first_listing and not self._wanted.names and run.status.ended:
                self._past.add(run.metadata.uid)
            news += self.seen(run, now)
        self._first_listing = False
        return news

    def seen(self, run: PipelineJob, now: datetime) -> list[News]:
        """One run as it is now."""
        uid = run.metadata.uid
        followed = self._followed.get(uid)
        if followed is None:
            self._note(run, now)
            return []
        self._followed[uid] = replace(followed, run=run)
        held_up: list[News] = [HeldUp(run)] if _held_up_anew(followed.run, run) else []
        return [*held_up, *self._news(followed.run, run)]

    def deleted(self, uid: str) -> list[News]:
        """The run of this uid is gone."""
        self._candidates.pop(uid, None)
        self._past.discard(uid)
        followed = self._followed.pop(uid, None)
        if followed is None:
            return []
        self._end(followed.run, RunEnd("Failed", "Deleted", message="deleted"))
        return [Gone(followed.run)]

    def poll(self, now: datetime) -> list[News]:
        """Pick up candidates, and find the runs that take too long."""
        news = self._pick_up(now)
        for uid, followed in list(self._followed.items()):
            seconds = (now - followed.picked_up).total_seconds()
            if not followed.warned and seconds >= self._timeout_seconds:
                self._followed[uid] = replace(followed, warned=True)
                news.append(Late(followed.run, self._timeout_seconds))
        return news

    def _end(self, run: PipelineJob, end: RunEnd) -> None:
        self.ends[key(run)] = end
        if len(self.ends) > ENDS_KEPT:
            # A monitor may run for months; `--until-done` never sees so many.
            del self.ends[next(iter(self.ends))]

    def _note(self, run: PipelineJob, now: datetime) -> None:
        uid = run.metadata.uid
        if uid in self._past:
            if run.status.ended:
                return
            self._past.discard(uid)
        if not self._wanted.allows(run, now):
            self._candidates.pop(uid, None)
            return
        candidate = self._candidates.get(uid)
        if candidate is not None:
            self._candidates[uid] = Candidate(run, candidate.known)
        else:
            self._candidates[uid] = Candidate(run, run if self._first_listing else None)

    def _pick_up(self, now: datetime) -> list[News]:
        ordered = sorted(
            self._candidates.values(),
            key=lambda entry: (entry.run.metadata.creationTimestamp, entry.run.metadata.name),
        )
        news: list[News] = []
        for candidate in ordered if self._wanted.names else ordered[: self._limit]:
            run = candidate.run
            del self._candidates[run.metadata.uid]
            self._followed[run.metadata.uid] = Followed(run, picked_up=now)
            self.ends.pop(key(run), None)
            news += [PickedUp(run), *self._news(candidate.known, run)]
        return news

    def _news(self, before: PipelineJob | None, run: PipelineJob) -> list[News]:
        steps = changes(before, run)
        not_run = tuple(s.stage for s in steps if s.stage.state == names.STAGE_NOT_RUN)
        news: list[News] = [
            Changed(run, step) for step in steps if step.stage.state != names.STAGE_NOT_RUN
        ]
        if not_run:
            news.append(NotRun(run, not_run))
        end = run_end(run)
        if end.ended:
            del self._followed[run.metadata.uid]
            self._past.add(run.metadata.uid)
            self._end(run, end)
            news.append(Ended(run, end))
        return news


def _held_up_anew(before: PipelineJob, run: PipelineJob) -> bool:
    """Another word than before, of those that are the run's own."""
    word = run.status.summary
    if word == before.status.summary or not run.status.message or run.status.ended:
        return False
    return word in _OF_THE_RUN or not run.status.stages


def key(run: PipelineJob) -> str:
    """`namespace/name`."""
    return f"{run.metadata.namespace}/{run.metadata.name}"
