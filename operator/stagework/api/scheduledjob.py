"""`ScheduledJob`: runs, batches or tasks, by a cron expression, at an interval, or at one date."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self, TypedDict, Unpack

from pydantic import ConfigDict, Field, StringConstraints

from stagework.api.answered import Answered
from stagework.api.base import (
    OBJECT_NAME,
    TOTAL_MAX,
    Metadata,
    Observed,
    Resource,
    Sentence,
    ShortText,
    Time,
    rules,
)
from stagework.api.batch import BatchSpec
from stagework.api.conditions import Condition
from stagework.api.pipeline import ParamName
from stagework.api.pipelinejob import PipelineJobSpec
from stagework.api.tasks import TaskName

YEAR_SECONDS: Final = 365 * 24 * 3600
INSTANCES_MAX: Final = 20
"""Most runs of one schedule at the same time, and slots that wait for room."""
HISTORY_MAX: Final = 50
"""Most runs that have ended and are kept, of each sort."""
JOB_DATA_MAX: Final = 32
"""Fields of a built-in task's data."""
SKIPS_MAX: Final = 5
"""So many slots to come may be marked to be skipped."""

# --- what a cron expression may look like; that it makes sense is seen by the operator ------------

_STEP: Final = "(/[1-9][0-9]?)?"
_MONTHS: Final = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
_DAYS: Final = "SUN|MON|TUE|WED|THU|FRI|SAT"


def _field(number: str, more: str = "") -> str:
    """A list of stars, numbers and ranges, each with a step or without."""
    item = rf"(\*|({number})(-({number}))?){_STEP}{more}"
    return f"({item})(,({item}))*"


_FIELDS: Final = (
    _field("[0-5]?[0-9]"),
    _field("[01]?[0-9]|2[0-3]"),
    _field("0?[1-9]|[12][0-9]|3[01]", "|L|LW"),
    _field(f"0?[1-9]|1[0-2]|{_MONTHS}"),
    _field(f"[0-7]|{_DAYS}", "|[0-7]L|([0-7]|" + _DAYS + ")#[1-5]"),
)
_BLANKS: Final = r"\s+"
CRON: Final = rf"(?i)^\s*{_BLANKS.join(_FIELDS)}\s*$"
"""What every cron expression of ours matches."""
CRON_HELP: Final = (
    "cron has five fields, as in `0 2 * * 1-5`: minute 0-59, hour 0-23, day of the month 1-31, L or"
    " LW, month 1-12 or JAN, day of the week 0-7 or MON, 5L, 1#2"
)
_DATE: Final = (
    r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?$"
)


def _matches(pattern: str, message: str) -> dict[str, Any]:
    escaped = pattern.replace("\\", "\\\\")
    return rules((f"self.matches('{escaped}')", message))


Overlap = Literal["Skip", "Queue", "Replace"]
Coalesce = Literal["latest", "earliest", "all"]
Cron = Annotated[
    str,
    StringConstraints(min_length=9, max_length=100),
    Field(json_schema_extra=_matches(CRON, CRON_HELP)),
]
Moment = Annotated[
    str,
    StringConstraints(min_length=16, max_length=40),
    Field(
        json_schema_extra=_matches(
            _DATE,
            "write a date as 2026-12-01T09:00:00+09:00, or without an offset, which means the time"
            " zone of timeZone; years 2000 to 2099",
        )
    ),
]
"""A date as a person writes it."""


class Schedule(Resource):
    """When: exactly one of the three."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                (
                    "[has(self.cron), has(self.intervalSeconds), has(self.at)]"
                    ".filter(given, given).size() == 1"
                ),
                "give exactly one of cron, intervalSeconds and at",
            ),
        )
    )

    cron: Cron | None = None
    """Five fields, such as `0 2 * * 1-5`, in the time zone of `timeZone`."""
    intervalSeconds: int | None = Field(default=None, ge=1, le=YEAR_SECONDS)
    """Every so many seconds, from `startTime` or else from its creation on, whatever clocks do."""
    at: Moment | None = None
    """Once, at this date: `2026-12-01T09:00:00+09:00`; without an offset in the time zone of
    `timeZone`."""


def _given_slot(kind: str) -> tuple[tuple[str, str], ...]:
    """Rules of a template of that field: the slot's time is nobody else's to give."""
    return (
        (
            f"!has(self.{kind}) || !has(self.{kind}.slotTime)",
            f"leave {kind}.slotTime out: each one is given the time of its own slot",
        ),
        (
            (
                f"!has(self.slotTimeParam) || !has(self.{kind}) || !has(self.{kind}.params)"
                f" || !(self.slotTimeParam in self.{kind}.params)"
            ),
            (
                "the param that slotTimeParam names is given the slot's time: take it out of"
                f" {kind}.params"
            ),
        ),
    )


class TaskTemplate(Resource):
    """A built-in task of stagework, in the namespace of the release alone."""

    name: TaskName
    """Which one."""
    jobData: dict[str, Any] = Field(
        default={},
        max_length=JOB_DATA_MAX,
        json_schema_extra={"x-kubernetes-preserve-unknown-fields": True},
    )
    """What it is to do, as docs/tasks.md has it; the operator checks it."""


class RunTemplate(Resource):
    """What is made at each slot: exactly one of the three."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                (
                    "[has(self.pipelineJob), has(self.batch), has(self.task)]"
                    ".filter(given, given).size() == 1"
                ),
                "give exactly one of pipelineJob, batch and task",
            ),
            *_given_slot("pipelineJob"),
            *_given_slot("batch"),
            (
                "!has(self.slotTimeParam) || !has(self.task)",
                "leave slotTimeParam out: a task has the slot's time as STAGEWORK_SLOT_TIME",
            ),
        )
    )

    pipelineJob: PipelineJobSpec | None = None
    """The spec of a PipelineJob. With `stages` of its own it needs the right to create Pods."""
    batch: BatchSpec | None = None
    """The spec of a Batch."""
    task: TaskTemplate | None = None
    """A built-in task. It needs the right to create Pods in the release's namespace, the only one
    that it can stand in."""
    slotTimeParam: ParamName | None = None
    """This param of the run, or of the runs of the batch, is given the slot's time, such as
    `2026-12-01T02:00:00+09:00`; the stages have it as STAGEWORK_SLOT_TIME in any case."""


class ScheduledJobSpec(Resource):
    """When to run what; all of it may change, and a changed schedule never runs for the past."""

    schedule: Schedule
    """When."""
    timeZone: Annotated[
        str, StringConstraints(pattern="^[A-Za-z0-9_+/-]+$", min_length=1, max_length=64)
    ] = "UTC"
    """Time zone by its IANA name, such as `Europe/Berlin`."""
    startTime: Moment | None = None
    """No slot before it; an interval counts from it, the first slot being this very time."""
    endTime: Moment | None = None
    """No slot after it."""
    jitterSeconds: int = Field(default=0, ge=0, le=24 * 3600)
    """Each slot's run begins up to so much later: spread evenly, and always the same for a slot."""
    coalesce: Coalesce = "latest"
    """Of several slots that could not run in time: only the latest or the earliest runs, or all of
    them do, the 20 latest at most."""
    misfireGraceSeconds: int | None = Field(default=None, ge=0, le=YEAR_SECONDS)
    """A slot that could not run for longer than this (after its jitter) is skipped. Absent: it runs
    however late."""
    maxInstances: int = Field(default=1, ge=1, le=INSTANCES_MAX)
    """So many of its runs at the same time, at most."""
    onOverlap: Overlap = "Skip"
    """Where that many run when a slot comes: the slot is skipped, waits for one of them to end, or
    the oldest of them is deleted for it."""
    suspend: bool = False
    """True: no slot runs, also not later; what runs goes on."""
    successfulJobsHistoryLimit: int = Field(default=3, ge=0, le=HISTORY_MAX)
    """So many runs that succeeded are kept."""
    failedJobsHistoryLimit: int = Field(default=1, ge=0, le=HISTORY_MAX)
    """So many runs that did not succeed are kept."""
    template: RunTemplate
    """What is made at each slot."""


KindName = Annotated[str, StringConstraints(max_length=63)]


class QueuedRun(Observed):
    """A run that is to be made as soon as there is room."""

    name: Annotated[str, StringConstraints(max_length=253, pattern=OBJECT_NAME)]
    """Name that it will have."""
    slot: Time
    """Its slot; of one that a person asked for: when that was."""


class ActiveRun(Observed):
    """A run that was made and has not ended."""

    name: Annotated[str, StringConstraints(max_length=253, pattern=OBJECT_NAME)]
    """Its name."""
    uid: ShortText
    """Its uid, as the answer to the operator's create told: no other run counts."""
    slot: Time
    """Its slot."""
    kind: KindName = ""
    """Its kind, which the template may have changed since; empty: PipelineJob."""


class EndedRun(Observed):
    """A run that has ended and is kept."""

    name: Annotated[str, StringConstraints(max_length=253, pattern=OBJECT_NAME)]
    """Its name."""
    uid: ShortText
    """Its uid."""
    slot: Time
    """Its slot."""
    succeeded: bool = False
    """Whether it succeeded."""
    kind: KindName = ""
    """Its kind; empty: PipelineJob."""


class StatsChanges(TypedDict, total=False):
    """What may change in the statistics."""

    totalExecutions: int
    successfulExecutions: int
    failedExecutions: int
    skipped: int
    lastExecution: datetime | None
    averageExecutionSeconds: int | None
    executionSeconds: int


class ScheduleStats(Observed):
    """What has come of it so far; each run and each slot is counted once, whatever happens."""

    totalExecutions: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Runs that were made: those that succeeded, that failed, and that are active."""
    successfulExecutions: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Runs that succeeded."""
    failedExecutions: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Runs that did not: failed, stopped, replaced, or deleted before their end."""
    skipped: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Slots without a run: too late, coalesced with others, no room, or skipped by a person."""
    lastExecution: Time | None = None
    """When the last run began."""
    averageExecutionSeconds: int | None = Field(default=None, ge=0, le=TOTAL_MAX)
    """From begin to end, over all runs that succeeded; absent before there is one."""
    executionSeconds: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """The sum of which that is the average."""

    def evolve(self, **changes: Unpack[StatsChanges]) -> Self:
        """The same with other values."""
        return self._evolved(changes)


class ScheduleChanges(TypedDict, total=False):
    """What may change in a ScheduledJobStatus, by the field's own name and type."""

    observedGeneration: int
    conditions: list[Condition]
    summary: str
    message: str
    schedule: str
    description: str
    active: int
    next: str
    nextScheduleTime: datetime | None
    nextRunTimes: list[str]
    lastScheduleTime: datetime | None
    lastMissedTime: datetime | None
    countsFrom: datetime | None
    scheduleDigest: str
    skipSlots: list[datetime]
    queuedRuns: list[QueuedRun]
    activeRuns: list[ActiveRun]
    endedRuns: list[EndedRun]
    stats: ScheduleStats
    answered: list[Answered]


class ScheduledJobStatus(Observed):
    """Where it stands; written by the operator alone."""

    observedGeneration: int = Field(default=-1, ge=-1, le=TOTAL_MAX)
    """Generation of the spec that this status speaks of; -1 before the operator saw it."""
    conditions: list[Condition] = Field(
        default=[], max_length=16, json_schema_extra={"x-map-key": "type"}
    )
    """Ready (also while it is suspended, and when it is finished) and Stalled (correct it)."""
    summary: Annotated[str, StringConstraints(max_length=63)] = ""
    """The reason of `Ready` as one plain word, for columns and field selectors."""
    message: Sentence = ""
    """What it waits for, or what is wrong, as a sentence."""
    schedule: Annotated[str, StringConstraints(max_length=128)] = ""
    """When, as short as it was written: `0 2 * * *`, `every 5m`, `at 2026-12-01 09:00`."""
    description: Sentence = ""
    """When, as a sentence: `At 02:00 every day`."""
    active: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """How many of its runs have not ended."""
    next: Annotated[str, StringConstraints(max_length=63)] = ""
    """The next slot as text, in its time zone; empty where none is to come."""
    nextScheduleTime: Time | None = None
    """The next slot; absent where none is to come, or it is suspended."""
    nextRunTimes: list[Annotated[str, StringConstraints(max_length=40)]] = Field(
        default=[], max_length=5
    )
    """The next five slots, in its time zone."""
    lastScheduleTime: Time | None = None
    """The last slot that was dealt with: it has its run, waits for room, or was skipped. It only
    moves on."""
    lastMissedTime: Time | None = None
    """When it was last found that slots had passed without a run, for they were too late or too
    many. What coalesces, finds no room or was skipped by a person is not meant."""
    countsFrom: Time | None = None
    """No slot up to here runs any more: when it was made, last changed, or resumed."""
    scheduleDigest: Annotated[str, StringConstraints(max_length=32)] = ""
    """What the schedule was when it was seen last: another one never runs for the past."""
    skipSlots: list[Time] = Field(default=[], max_length=SKIPS_MAX)
    """Slots to come that a person asked to skip."""
    queuedRuns: list[QueuedRun] = Field(default=[], max_length=2 * INSTANCES_MAX)
    """Runs that are to be made as soon as there is room."""
    activeRuns: list[ActiveRun] = Field(default=[], max_length=4 * INSTANCES_MAX)
    """Its runs that have not ended."""
    endedRuns: list[EndedRun] = Field(default=[], max_length=4 * HISTORY_MAX)
    """Its runs that have ended and are still there."""
    stats: ScheduleStats = ScheduleStats()
    """What has come of it so far."""
    answered: list[Answered] = Field(default=[], max_length=20)
    """The last Interventions carried out on it."""

    def evolve(self, **changes: Unpack[ScheduleChanges]) -> Self:
        """The same status with other values."""
        return self._evolved(changes)


class ScheduledJob(Resource):
    """A ScheduledJob with the metadata that decisions use."""

    metadata: Metadata
    """Name, uid, versions."""
    spec: ScheduledJobSpec
    """What a person wrote."""
    status: ScheduledJobStatus = ScheduledJobStatus()
    """What the operator wrote last."""
