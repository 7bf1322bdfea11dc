"""Background jobs: work of programs that are no pipelines, as those say of themselves."""

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from stagework.api.base import TOTAL_MAX, Observed
from stagework.api.facts import Line, Word

BACKGROUND_JOBS: Final = "backgroundjobs"
"""In RBAC alone, of our group: who may create them in a namespace may tell of such work there."""
MOST_JOBS: Final = 200
"""So many are told at once."""

JobId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
"""As its program names it: the same one again is the same job, begun anew."""
JobState = Literal["running", "done", "failed"]
"""At work, or how it has ended."""
Count = Annotated[int, Field(ge=0, le=TOTAL_MAX)]
"""So many things."""


class JobStart(Observed):
    """A program begins."""

    id: JobId | None = None
    """Its own name for this job; absent: one is made."""
    kind: Annotated[Word, StringConstraints(min_length=1)]
    """What kind of work it is, such as `reindex`."""
    label: Line = ""
    """What people see; the kind where empty."""
    processed: Count = 0
    """How much is done already."""
    total: Count | None = None
    """How much there is to do, where that is known."""
    machine: Word = ""
    """Machine class that does it, where the program knows; else its kind's."""


class JobNews(Observed):
    """How it goes; what is None is as it was."""

    processed: Count | None = None
    """How much is done."""
    total: Count | None = None
    """How much there is to do."""
    at: AwareDatetime
    """When it was said."""
    state: JobState = "running"
    """`done` or `failed` where this is its end."""
    error: Line = ""
    """Why it has failed."""


class JobProgress(Observed):
    """A heartbeat."""

    processed: Count | None = None
    """How much is done."""
    total: Count | None = None
    """How much there is to do."""


class JobEnd(Observed):
    """A program has ended."""

    processed: Count | None = None
    """How much was done."""
    error: Line = ""
    """Why it has failed; empty: it has not."""


class BackgroundJob(Observed):
    """A job as it was told last."""

    namespace: Word
    """Whose programs' work it is."""
    id: str
    """Within the namespace."""
    kind: Word
    """What kind of work it is."""
    label: Line
    """What people see; the kind where empty."""
    state: JobState
    """At work, or how it has ended."""
    processed: Count
    """How much is done."""
    total: Count | None
    """How much there is to do; None: not known."""
    started: AwareDatetime
    """When it began."""
    heartbeat: AwareDatetime
    """When it was last heard of."""
    ended: AwareDatetime | None
    """When it ended."""
    error: Line
    """Why it has failed."""
    machine: Word
    """Machine class that does it; empty: its kind's."""


class JobList(Observed):
    """Answer of `GET /v1/jobs`."""

    jobs: list[BackgroundJob]
    """At work, or ended lately; the newest first."""


def after_news(known: BackgroundJob, news: JobNews) -> BackgroundJob:
    """The job after news of it."""
    return known.model_copy(
        update={
            "processed": known.processed if news.processed is None else news.processed,
            "total": known.total if news.total is None else news.total,
            "heartbeat": news.at,
            "state": news.state,
            "ended": news.at if news.state != "running" else None,
            "error": news.error,
        }
    )
