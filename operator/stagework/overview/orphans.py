"""Which stages are suspected to have lost their process, and which of them a Recover would fail?

The command line, the API service and the operator's sweep read it here, and the operator judges a
Recover by the same policy: a preview cannot differ from the deed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from stagework.api.base import format_time
from stagework.api.kinds import BATCH, PIPELINEJOB, SCHEDULEDJOB
from stagework.api.pipelinejob import PipelineJob
from stagework.policies.interventions import recover_refusal

_MAKERS = frozenset({BATCH.kind, SCHEDULEDJOB.kind})
_NONE: Mapping[tuple[str, str], timedelta] = {}


@dataclass(frozen=True, slots=True)
class Suspect:
    """A stage of which it is not known whether its process lives."""

    namespace: str
    run: str
    run_uid: str
    kind: str
    """Of what the run belongs to: Batch, ScheduledJob, or PipelineJob where to nothing."""
    parent: str
    """Name of that."""
    stage: str
    attempt: int
    machine: str
    node: str
    cause: str
    """Its reason, as one word."""
    since: datetime | None
    """None: its machine is away, and no clock runs."""
    skipped: str
    """Why it is left alone; empty: it is declared failed."""

    @property
    def document(self) -> dict[str, object]:
        """As JSON has it."""
        return {
            "namespace": self.namespace,
            "run": self.run,
            "stage": self.stage,
            "attempt": self.attempt,
            "kind": self.kind,
            "parent": self.parent,
            "machine": self.machine,
            "node": self.node,
            "cause": self.cause,
            "since": format_time(self.since) if self.since is not None else None,
            "action": "skip" if self.skipped else "fail",
            "skipped": self.skipped,
        }


@dataclass(frozen=True, slots=True)
class Suspects:
    """All of them, and how many."""

    all: tuple[Suspect, ...]

    @property
    def recovered(self) -> tuple[Suspect, ...]:
        """Those that are declared failed."""
        return tuple(suspect for suspect in self.all if not suspect.skipped)

    @property
    def parents(self) -> tuple[str, ...]:
        """What has another status afterwards: the runs, and what has made them."""
        found: dict[str, None] = {}
        for one in self.recovered:
            found[f"{PIPELINEJOB.kind}/{one.namespace}/{one.run}"] = None
            if one.kind != PIPELINEJOB.kind:
                found[f"{one.kind}/{one.namespace}/{one.parent}"] = None
        return tuple(found)

    @property
    def document(self) -> dict[str, object]:
        """As JSON has it: counts, then what they are counts of."""
        recovered = self.recovered
        return {
            "found_count": len(self.all),
            "recovered_count": len(recovered),
            "skipped_count": len(self.all) - len(recovered),
            "by_kind": dict(Counter(one.kind for one in recovered)),
            "by_cause": dict(Counter(one.cause for one in recovered)),
            "parents_updated": list(self.parents),
            "stages": [one.document for one in self.all],
        }


def suspects_in(
    runs: Iterable[PipelineJob],
    timeout: timedelta,
    now: datetime,
    own: Mapping[tuple[str, str], timedelta] = _NONE,
) -> Suspects:
    """Of these runs; `timeout`: for so long nothing must have proved that a stage lives; `own`: the
    same, by run uid and stage, of those that have another.
    """
    return Suspects(tuple(one for run in runs for one in _of_run(run, timeout, now, own)))


def _of_run(
    run: PipelineJob, timeout: timedelta, now: datetime, own: Mapping[tuple[str, str], timedelta]
) -> Iterator[Suspect]:
    if run.metadata.deletionTimestamp is not None:
        return
    owners = (o for o in run.metadata.ownerReferences if o.controller and o.kind in _MAKERS)
    owner = next(owners, None)
    for stage in run.status.stages:
        if stage.suspected or stage.away:
            limit = own.get((run.metadata.uid, stage.name), timeout)
            skipped = recover_refusal(stage, limit, now)
            yield Suspect(
                namespace=run.metadata.namespace,
                run=run.metadata.name,
                run_uid=run.metadata.uid,
                kind=owner.kind if owner is not None else PIPELINEJOB.kind,
                parent=owner.name if owner is not None else run.metadata.name,
                stage=stage.name,
                attempt=stage.attempt,
                machine=stage.machine,
                node=stage.node,
                cause=stage.reason,
                since=None if stage.away else stage.suspectedTime,
                skipped=skipped,
            )
