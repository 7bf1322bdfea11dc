"""What history answers: pages of runs, one run with all that belongs to it, failed stages.

A run, an attempt and an Intervention are told as the facts that were posted of them.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar, cast

from pydantic import AwareDatetime, Field

from stagework.api.base import Observed
from stagework.api.facts import AttemptFact, BatchFact, InterventionFact, RunFact

MAX_PAGE = 500
"""Longest page."""


class Place(NamedTuple):
    """Where a page begins: behind the row with this time and these words."""

    moment: datetime
    words: tuple[str, ...]


def token_of(place: Place | None) -> str:
    """A place as clients hand it back: letters, digits, - and _; empty for none."""
    if place is None:
        return ""
    words = [place.moment.isoformat(), *place.words]
    return urlsafe_b64encode(json.dumps(words).encode()).decode().rstrip("=")


def place_of(token: str, words: int) -> Place | None:
    """And back; raises ValueError for one that cannot be. `words`: how many such a place has."""
    if not token:
        return None
    raw: object = json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    parts = cast("list[object]", raw) if isinstance(raw, list) else []
    if len(parts) != words + 1 or not all(isinstance(part, str) for part in parts):
        raise ValueError("another list's place")
    moment = datetime.fromisoformat(str(parts[0]))
    if moment.tzinfo is None:
        raise ValueError("a time without zone")
    return Place(moment, tuple(map(str, parts[1:])))


class RunQuery(Observed):
    """Which runs; what is None asks for all."""

    namespaces: tuple[str, ...] | None = None
    """Of these."""
    name: str | None = None
    """Of this name."""
    pipeline: str | None = None
    """Of this Pipeline."""
    subject: str | None = None
    """About this document."""
    tenant: str | None = None
    """Whose work it is."""
    state: str | None = None
    """`status.summary`."""
    text: str | None = None
    """With this in the title, the subject, the name or the uid, in whatever case; of runs alone."""
    since: datetime | None = None
    """Made then or later."""
    until: datetime | None = None
    """Made before."""
    after: Place | None = None
    """Behind this place: when it was made, and its uid."""
    limit: int = Field(default=100, ge=1, le=MAX_PAGE)
    """So many at most."""


class LikeBatches(NamedTuple):
    """Names batches that are alike: of one pipeline, as that is now."""

    namespace: str
    pipeline: str
    revision: str
    limit: int = 100
    """So many at most."""


class FailedQuery(Observed):
    """Which failed stages; what is None asks for all."""

    namespaces: tuple[str, ...] | None = None
    """Of these."""
    pipeline: str | None = None
    """Of this Pipeline's runs."""
    tenant: str | None = None
    """Of this tenant's runs."""
    stage: str | None = None
    """Of this name."""
    since: datetime | None = None
    """That failed then or later."""
    after: Place | None = None
    """Behind this place: when it failed, uid of its run, its name."""
    limit: int = Field(default=300, ge=1, le=MAX_PAGE)
    """So many at most."""


class FailedStage(Observed):
    """A stage that has failed for good, of a run that nobody has retried or skipped it in."""

    id: str
    """Run uid, stage and attempt, with slashes."""
    namespace: str
    """Of the run."""
    run: str
    """Name of the run."""
    uid: str
    """Uid of the run."""
    pipeline: str
    """Of the run; empty where it has stages of its own."""
    tenant: str
    """Whose work it is."""
    stage: str
    """Its name."""
    subject: str
    """The document's own identity; empty where the run names none."""
    title: str
    """What people see: the run's title, its subject, or its name."""
    attempts: int
    """Number of the attempt that failed."""
    maxAttempts: int | None
    """How often it is tried by itself; None: not known."""
    reason: str
    """Why, as one word."""
    message: str
    """Why, as a sentence."""
    machine: str
    """Class that it ran on."""
    node: str
    """Node that it ran on."""
    failedAt: AwareDatetime | None
    """When."""


ItemT = TypeVar("ItemT")


class Page(Observed, Generic[ItemT]):
    """Part of a list."""

    items: list[ItemT]
    """In the list's order."""
    next: Place | None = None
    """Where the next page begins; None: this is the last one."""


class RunList(Observed):
    """Answer of `GET /v1/runs`."""

    runs: list[RunFact]
    """The newest first."""
    next: str = ""
    """What to give as `after` for the next page; empty: this is the last one."""


class RememberedBatches(Observed):
    """Answer of `GET /v1/history/batches`."""

    batches: list[BatchFact]
    """The newest first."""
    next: str = ""
    """What to give as `after` for the next page; empty: this is the last one."""


class FailedList(Observed):
    """Answer of `GET /v1/failed`."""

    failed: list[FailedStage]
    """The newest first."""
    next: str = ""
    """What to give as `after` for the next page; empty: this is the last one."""


class RunHistory(Observed):
    """A run with all that belongs to it."""

    run: RunFact
    """The run."""
    attempts: list[AttemptFact]
    """Stage by stage, the first attempt first."""
    interventions: list[InterventionFact]
    """What people have asked of it, the first first."""


class CountQuery(Observed):
    """What was done and what came in a span of time; what is None asks for all."""

    namespaces: tuple[str, ...] | None = None
    """Of these."""
    pipeline: str | None = None
    """Of this Pipeline's runs."""
    since: datetime
    """From here on, in slots of half an hour."""
    hour_ago: datetime
    """Later than this is the last hour."""
    midnight: datetime
    """From here on is today."""
    until: datetime
    """Not later."""


class EndedQuery(Observed):
    """How much ended in a span of time; what is None asks for all."""

    namespaces: tuple[str, ...] | None = None
    """Of these."""
    pipeline: str | None = None
    """Of this Pipeline's runs."""
    since: datetime
    """From here on."""
    until: datetime
    """Before this."""


class Ended(Observed):
    """How much ended in a span of time."""

    done: int
    """Well."""
    failed: int
    """Failed, with no other attempt after it."""


class Counted(Observed):
    """How much of a stage a class has done, or how much came, in one slot."""

    stage: str
    """The stage."""
    machine: str
    """The class that did it; where that is not known, the one in whose queue it stood."""
    slot: int
    """Half hours since `since`."""
    number: int
    """How many."""
    last_hour: int
    """Of these in the last hour."""
    today: int
    """Of these today."""
    last: datetime
    """When the last one was."""


class Took(Observed):
    """How long one took."""

    stage: str
    """The stage."""
    machine: str
    """The class that did it."""
    seconds: float
    """From its container's start to its end."""


class Counts(Observed):
    """What was done and what came."""

    done: list[Counted]
    """Ended well."""
    arrived: list[Counted]
    """Came into the queue, each stage of a run once."""
    took: list[Took]
    """The last ones that were done, the newest first."""


class DigestQuery(Observed):
    """What a digest is about."""

    namespaces: tuple[str, ...] | None = None
    """Of these; None: of all."""
    since: datetime
    """From here on."""
    until: datetime
    """Before this."""
    slowest: int = Field(default=5, ge=0, le=20)
    """So many stages at most."""


class SlowStage(Observed):
    """How long a stage took, where it was done."""

    stage: str
    """Its name, in whatever Pipeline."""
    number: int
    """How often it was done."""
    meanSeconds: float
    """From its container's start to its end."""
    longestSeconds: float
    """The longest of them."""


class Digest(Observed):
    """What a span of time has brought."""

    runs: dict[str, int]
    """Runs that ended, by `status.summary`."""
    failedStages: int
    """Stages that failed for good and that nobody has taken up."""
    deferredStages: int
    """How often a stage put itself off."""
    slowest: list[SlowStage]
    """The slowest first."""
