"""Rows of tables from facts, and back."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import Table

from stagework.api.background_jobs import BackgroundJob
from stagework.api.base import Observed
from stagework.api.facts import AnyFact, AttemptFact, BatchFact, InterventionFact, RunFact
from stagework.api.history import FailedStage
from stagework.history.tables import attempts, batch_facts, interventions, runs

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

TABLES: Final[Mapping[str, Table]] = {
    "Run": runs,
    "Attempt": attempts,
    "Intervention": interventions,
    "Batch": batch_facts,
}
"""Kind of a fact to its table."""

_TIMES: Final = frozenset({"at", "created", "started", "ended", "queued", "asked", "heartbeat"})
FactT = TypeVar("FactT", RunFact, AttemptFact, InterventionFact, BatchFact, BackgroundJob)


def micros(moment: datetime) -> int:
    """Whole microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(stored: int) -> datetime:
    """And back."""
    return _EPOCH + stored * _MICROSECOND


def row_of(fact: AnyFact) -> dict[str, Any]:
    """What is stored of a fact."""
    return stored_values(fact, TABLES[fact.kind])


def stored_values(known: Observed, table: Table) -> dict[str, Any]:
    """The values of its columns."""
    values = known.__dict__
    return {
        name: micros(values[name]) if name in _TIMES and values[name] is not None else values[name]
        for name in table.c.keys()  # noqa: SIM118 - a collection of columns
    }


def fact_of(kind: type[FactT], row: Mapping[Any, Any]) -> FactT:
    """A fact as it was stored."""
    values = {
        name: moment(value) if name in _TIMES and value is not None else value
        for name, value in row.items()
    }
    return kind.model_construct(None, **values)


def failed_row(row: Mapping[Any, Any]) -> FailedStage:
    """A failed stage of a row of `queries.failed_page`; its run may not be known (yet)."""
    uid, stage, attempt, ended = row["uid"], row["stage"], row["attempt"], row["ended"]
    title = row["run_title"] or row["run_subject"] or row["run_name"] or uid
    return FailedStage.model_construct(
        id=f"{uid}/{stage}/{attempt}",
        namespace=row["namespace"],
        run=row["run_name"] or "",
        uid=uid,
        pipeline=row["pipeline"],
        tenant=row["run_tenant"] or "",
        stage=stage,
        subject=row["run_subject"] or "",
        title=title,
        attempts=attempt,
        maxAttempts=row["maxAttempts"],
        reason=row["reason"],
        message=row["message"],
        machine=row["machine"],
        node=row["node"],
        failedAt=moment(ended) if ended is not None else None,
    )


def in_order(attempts_of_run: Iterable[AttemptFact]) -> list[AttemptFact]:
    """Stage by stage as they came up, the first attempt first."""
    ordered = sorted(attempts_of_run, key=lambda attempt: (attempt.stage, attempt.attempt))
    came_up: dict[str, datetime] = {}
    for attempt in ordered:
        seen = attempt.queued or attempt.started or attempt.ended or attempt.at
        came_up[attempt.stage] = min(seen, came_up.get(attempt.stage, seen))
    return sorted(ordered, key=lambda attempt: (came_up[attempt.stage], attempt.stage))
