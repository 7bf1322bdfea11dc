"""The monitor's memory: which runs it follows, and the lines that each new sight of them gives.

Objects and `now` go in, lines come out; who reads the cluster and who prints is not known here.

1. A run that is wanted and not yet followed becomes a candidate.
2. Each look picks up at most `limit` candidates, the oldest first.
3. A followed run gives a line per step change, one warning past its timeout, and one at its end.
4. A run that ended and was retried by a person is picked up again.
Runs that had ended before the first listing are history: they are left alone unless named.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob
from stagework.overview.monitorlines import (
    Line,
    changed,
    ended,
    gone,
    late,
    picked_up,
)
from stagework.overview.nextsteps import Home
from stagework.overview.states import counted, current, run_word
from stagework.overview.steps import changes
from stagework.overview.verdicts import Verdict, verdict

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

    def allows(self, job: PipelineJob, now: datetime) -> bool:
        """Whether to pick this run up now."""
        if self.names:
            return job.metadata.name in self.names
        if self.pipeline:
            ref = job.spec.pipelineRef
            if ref is None or ref.name != self.pipeline:
                return False
        if self.tenant and job.spec.tenant != self.tenant:
            return False
        if self.after_stage:
            stage = job.status.stage_named(self.after_stage)
            done = (names.STAGE_SUCCEEDED, names.STAGE_SKIPPED)
            if stage is None or stage.state not in done:
                return False
        age = (now - job.metadata.creationTimestamp).total_seconds()
        return age <= self.since_seconds


@dataclass(frozen=True, slots=True)
class Followed:
    """One run that is being monitored."""

    job: PipelineJob
    picked_up: datetime
    warned: bool = False
    """Whether its timeout has been told."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One run that waits to be picked up."""

    job: PipelineJob
    known: PipelineJob | None
    """The run as it was before the monitor began; None where all of it is news."""


@dataclass(frozen=True, slots=True)
class RunBar:
    """A followed run as the live view shows it."""

    namespace: str
    name: str
    status: str
    done: int
    total: int
    stage: str
    machine: str
    seconds: int


class Watchlist:
    """The runs being monitored."""

    def __init__(
        self,
        wanted: Wanted,
        home: Home,
        *,
        limit: int = 10,
        timeout_seconds: float = 600,
        by_name: bool = False,
    ) -> None:
        self._wanted = wanted
        self._home = home
        self._limit = limit
        self._timeout_seconds = timeout_seconds
        self._by_name = by_name
        self._candidates: dict[str, Candidate] = {}
        self._followed: dict[str, Followed] = {}
        self._past: set[str] = set()
        self._first_listing = True
        self.ends: dict[str, Verdict] = {}
        """`namespace/name` of each run that ended while followed, to how."""

    @property
    def followed(self) -> tuple[Followed, ...]:
        """What is being monitored, in the order of picking up."""
        return tuple(self._followed.values())

    @property
    def late(self) -> tuple[str, ...]:
        """`namespace/name` of followed runs that are past their timeout."""
        return tuple(key(each.job) for each in self._followed.values() if each.warned)

    @property
    def idle(self) -> bool:
        """Whether nothing is followed and nothing waits to be picked up."""
        return not self._followed and not self._candidates

    def listed(self, jobs: Sequence[PipelineJob], now: datetime) -> list[Line]:
        """All runs that there are: what is missing has been deleted."""
        present = {job.metadata.uid for job in jobs}
        lines: list[Line] = []
        for uid in [uid for uid in self._followed if uid not in present]:
            lines += self.deleted(uid, now)
        self._past &= present
        self._candidates = {u: each for u, each in self._candidates.items() if u in present}
        for job in jobs:
            if self._first_listing and not self._wanted.names and verdict(job, self._home).ended:
                self._past.add(job.metadata.uid)
            lines += self.seen(job, now)
        self._first_listing = False
        return lines

    def seen(self, job: PipelineJob, now: datetime) -> list[Line]:
        """One run as it is now."""
        uid = job.metadata.uid
        held = self._followed.get(uid)
        if held is None:
            self._note(job, now)
            return []
        self._followed[uid] = replace(held, job=job)
        return self._news(held.job, job, now)

    def deleted(self, uid: str, now: datetime) -> list[Line]:
        """The run of this uid is gone."""
        self._candidates.pop(uid, None)
        self._past.discard(uid)
        held = self._followed.pop(uid, None)
        if held is None:
            return []
        self._end(held.job, Verdict("Failed", "Deleted", message="deleted"))
        return [gone(held.job, now, by_name=self._by_name)]

    def look(self, now: datetime) -> list[Line]:
        """Pick up candidates, and warn of runs that take too long."""
        lines = self._pick_up(now)
        for uid, held in list(self._followed.items()):
            seconds = (now - held.picked_up).total_seconds()
            if not held.warned and seconds >= self._timeout_seconds:
                self._followed[uid] = replace(held, warned=True)
                lines.append(late(held.job, now, self._timeout_seconds, by_name=self._by_name))
        return lines

    def bars(self, now: datetime) -> list[RunBar]:
        """What the live view shows, in the order of picking up."""
        return [_bar(each.job, now) for each in self._followed.values()]

    def _end(self, job: PipelineJob, end: Verdict) -> None:
        self.ends[key(job)] = end
        if len(self.ends) > ENDS_KEPT:
            # A monitor may run for months; `--until-done` never sees so many.
            del self.ends[next(iter(self.ends))]

    def _note(self, job: PipelineJob, now: datetime) -> None:
        uid = job.metadata.uid
        if uid in self._past:
            if verdict(job, self._home).ended:
                return
            self._past.discard(uid)
        if not self._wanted.allows(job, now):
            self._candidates.pop(uid, None)
            return
        held = self._candidates.get(uid)
        if held is not None:
            self._candidates[uid] = Candidate(job, held.known)
        else:
            self._candidates[uid] = Candidate(job, job if self._first_listing else None)

    def _pick_up(self, now: datetime) -> list[Line]:
        ordered = sorted(
            self._candidates.values(),
            key=lambda each: (each.job.metadata.creationTimestamp, each.job.metadata.name),
        )
        lines: list[Line] = []
        for each in self._first(ordered):
            job, uid = each.job, each.job.metadata.uid
            del self._candidates[uid]
            self._followed[uid] = Followed(job, picked_up=now)
            self.ends.pop(key(job), None)
            lines.append(picked_up(job, now, by_name=self._by_name))
            lines += self._news(each.known, job, now)
        return lines

    def _first(self, ordered: list[Candidate]) -> list[Candidate]:
        return ordered if self._wanted.names else ordered[: self._limit]

    def _news(self, before: PipelineJob | None, job: PipelineJob, now: datetime) -> list[Line]:
        lines = [changed(job, each, now, by_name=self._by_name) for each in changes(before, job)]
        end = verdict(job, self._home)
        if end.ended:
            uid = job.metadata.uid
            del self._followed[uid]
            self._past.add(uid)
            self._end(job, end)
            lines.append(ended(job, end, now, by_name=self._by_name))
        return lines


def key(job: PipelineJob) -> str:
    """`namespace/name`."""
    return f"{job.metadata.namespace}/{job.metadata.name}"


def _bar(job: PipelineJob, now: datetime) -> RunBar:
    done, total = counted(job)
    stage = current(job)
    begun = job.status.startTime or job.metadata.creationTimestamp
    return RunBar(
        namespace=job.metadata.namespace,
        name=job.metadata.name,
        status=run_word(job),
        done=done,
        total=total,
        stage=job.status.stage or (stage.name if stage else ""),
        machine=job.status.machine or (stage.machine if stage else ""),
        seconds=max(0, int((now - begun).total_seconds())),
    )
