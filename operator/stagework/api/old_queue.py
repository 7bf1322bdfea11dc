"""The shape in which the old queue told its numbers: `GET /api/queue/overview` and its kin.

Scripts and pages that asked the old system read these words; a test holds every one of them.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class OldAnswer(BaseModel):
    """Part of an answer in the old shape."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class OldCurrent(OldAnswer):
    """A piece of work that is being done."""

    document_id: str
    """What it works on."""
    title: str
    """What people call it."""
    stage: str
    """The stage."""


class OldMachine(OldAnswer):
    """The card of a machine."""

    key: str
    """Such as `gpu`."""
    label: str
    """Such as `GPU server`."""
    state: Literal["active", "deferred", "idle"]
    """What it is doing."""
    stages: list[str]
    """Stages whose queue it has."""
    pending: int
    """How many wait."""
    processing: int
    """How many are worked on."""
    failed: int
    """How many have failed."""
    done_1h: int
    """Done in the last 60 minutes."""
    done_today: int
    """Done since midnight of the board's zone."""
    deferred_pending: int
    """How many wait until the machine is back."""
    current: list[OldCurrent]
    """At most two."""


class OldStage(OldAnswer):
    """A row of the table of stages."""

    stage: str
    """The stage."""
    pending: int
    """How many wait."""
    processing: int
    """How many are worked on."""
    failed: int
    """How many have failed."""
    done_1h: int
    """Done in the last 60 minutes."""
    created_1h: int
    """Came in the last 60 minutes."""
    done_today: int
    """Done since midnight of the board's zone."""
    oldest_pending_age_sec: int | None
    """How long the oldest waits; null where none does."""


class OldEta(OldAnswer):
    """When the pool's queue is empty."""

    pending: int
    """How many wait."""
    done_rate_1h: int
    """Done in the last 60 minutes."""
    inflow_rate_1h: int
    """Came in the last 60 minutes."""
    eta_minutes: float | None
    """pending / (done - inflow) * 60; null where the inflow is not outrun."""


class OldShare(OldAnswer):
    """What one machine has done of the pool's stage."""

    done_1h: int
    """In the last 60 minutes."""
    done_today: int
    """Since midnight of the board's zone."""


class OldHour(OldAnswer):
    """One hour of the pool's stage."""

    hour: str
    """`HH:00`."""
    inflow: int
    """Came."""
    done: int
    """Done."""


class OldTotals(OldAnswer):
    """Over all stages."""

    pending: int
    """How many wait."""
    processing: int
    """How many are worked on."""
    failed: int
    """How many have failed."""


class OldBackgroundJob(OldAnswer):
    """Work of a program that is no pipeline."""

    id: str
    """Its id."""
    kind: str
    """What it does."""
    label: str
    """What people call it."""
    state: str
    """running, done or failed."""
    processed: int | None
    """How far it is."""
    total: int | None
    """Of how many."""
    elapsed_sec: int
    """From its start to its end, or to now."""
    stale: bool
    """It runs and was not heard of for more than 5 minutes."""
    error: str | None
    """Why it failed."""
    machine: str
    """The card that it belongs to."""


class OldOverview(OldAnswer):
    """The answer of `GET /api/queue/overview`."""

    machines: list[OldMachine]
    """The cards, in the fleet's order."""
    stages: list[OldStage]
    """In the order of the static map, unknown ones last."""
    summarize_eta: OldEta
    """Of the pool's stage."""
    summarize_by_machine: dict[str, OldShare]
    """Of the pool's stage."""
    trend_24h: list[OldHour]
    """Of the pool's stage; 24, the oldest first."""
    totals: OldTotals
    """Over all stages."""
    background_jobs: list[OldBackgroundJob]
    """20 at most."""


class OldFailed(OldAnswer):
    """Something that has failed."""

    id: str
    """`run uid/stage/attempt`; what retry and skip take."""
    stage: str
    """The stage."""
    document_id: str
    """What it works on."""
    attempts: int
    """How often it was tried."""
    max_attempts: int | None
    """How often it may be; null where nobody can tell."""
    error_message: str
    """Why it failed."""
    failed_at: datetime | None
    """When."""
    title: str
    """What people call it."""


class OldFailedList(OldAnswer):
    """The answer of `GET /api/queue/failed`."""

    items: list[OldFailed]
    """300 at most: by stage, in each the newest first."""


FailedIdText = Annotated[str, StringConstraints(min_length=1, max_length=256)]
"""An id as the failed list has it."""


class OldRequest(BaseModel):
    """What `POST /api/queue/failed/retry` and `/skip` take."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    ids: Annotated[list[FailedIdText], Field(min_length=1, max_length=300)]
    """Of the failed list; doubles count once."""
    reason: Annotated[str, StringConstraints(max_length=256)] = ""
    """Why; kept in the history."""


class OldRefused(OldAnswer):
    """An id for which nothing was done."""

    id: str
    """The id."""
    reason: str
    """Why, as one word."""
    message: str
    """Why, as a sentence."""


class OldRetried(OldAnswer):
    """The answer of a retry."""

    requested: int
    """Ids, each counted once."""
    retried: int
    """Those that are tried again."""
    not_retried: int
    """The others."""
    refused: list[OldRefused]
    """Why not, for each of these."""


class OldSkipped(OldAnswer):
    """The answer of a skip."""

    requested: int
    """Ids, each counted once."""
    skipped: int
    """Those that count as done now."""
    not_skipped: int
    """The others."""
    refused: list[OldRefused]
    """Why not, for each of these."""
