"""`StageStatus`: where one stage of a run stands, and what may be said of that state."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self, TypedDict, Unpack, cast

from pydantic import Field, StringConstraints, model_validator

from stagekit.contract import STAGE_NAME
from stagework.api import names
from stagework.api.base import (
    COUNT_MAX,
    OBJECT_NAME,
    TOTAL_MAX,
    Observed,
    Sentence,
    ShortText,
    Time,
)
from stagework.api.packed_stage import RECORD_BYTES, pack, unpack
from stagework.api.stages import MAX_STAGES, StageName

ReasonWord = Annotated[str, StringConstraints(max_length=63)]
"""Why, as one word."""

_UID = r"[A-Za-z0-9_-]"
PREFIX = rf"^([a-z0-9-]{{1,63}}/{_UID}{{1,64}}/{STAGE_NAME}/[0-9]{{1,9}}-{_UID}{{1,64}})?$"
"""Namespace, run uid, stage, attempt and Pod uid; or nothing."""
Uid = Annotated[str, StringConstraints(max_length=64, pattern=rf"^{_UID}*$")]
"""Of an object; the places of artifacts are made of it, so it can lead nowhere else."""


def artifact_prefix(namespace: str, run_uid: str, *, stage: str, attempt: int, pod: str) -> str:
    """Where an attempt's artifacts are; `pod`: its uid."""
    return f"{namespace}/{run_uid}/{stage}/{attempt}-{pod}"


WITH_ITS_RUN: Final = frozenset({names.STOPPED_BY_PERSON, names.DEADLINE_EXCEEDED})
"""Reasons of stages that were ended, or kept from starting, because their run was ended."""


class Commit(Observed):
    """The outcome of a stage's winning attempt: written once, never revised by a Job or Pod."""

    attempt: int = Field(ge=1, le=COUNT_MAX)
    """Number of the winning attempt."""
    pod: Uid = ""
    """Uid of the winning Pod: the fencing token."""
    digest: ShortText = ""
    """sha256 of the attempt's `result.json`; empty for `contract: ExitCode`."""
    prefix: Annotated[str, StringConstraints(max_length=512, pattern=PREFIX)] = ""
    """Where its artifacts are, as releases before wrote it; see `prefix_of` for what counts."""
    items: int | None = Field(default=None, ge=0, le=TOTAL_MAX)
    """Items that it worked on, where it counts them."""
    failedItems: int | None = Field(default=None, ge=0, le=TOTAL_MAX)
    """Items of these that failed."""
    skips: dict[StageName, ReasonWord] = Field(default={}, max_length=MAX_STAGES)
    """Stages below it that it has found not to be needed, each with the reason."""

    def prefix_of(self, namespace: str, run_uid: str, stage: str) -> str:
        """Where its artifacts are.

        Told by the run itself: whoever may edit a status could name another run's artifacts, also
        of another namespace.
        """
        return artifact_prefix(namespace, run_uid, stage=stage, attempt=self.attempt, pod=self.pod)


StageState = Literal[
    "Waiting",
    "Deferred",
    "Starting",
    "Stuck",
    "Running",
    "Away",
    "Succeeded",
    "Failed",
    "Skipped",
    "NotRun",
]


class Stopping(Observed):
    """A verdict that is recorded before the Pod is ended, so that a restart does not lose it."""

    reason: Annotated[str, StringConstraints(max_length=63)]
    """Why it is ended, such as TimedOut."""
    message: Sentence = ""
    """The sentence for people."""


class EndedAttempt(Observed):
    """An attempt before the current one, which has failed or was interrupted."""

    attempt: int = Field(ge=1, le=COUNT_MAX)
    """Its number."""
    reason: Annotated[str, StringConstraints(max_length=63)] = ""
    """Why it ended, as one word."""
    exitCode: int | None = Field(default=None, ge=-COUNT_MAX, le=TOTAL_MAX)
    """Of its container, where that has run and ended."""
    time: Time | None = None
    """When it ended."""


EARLIER_KEPT = 4
"""Attempts before the current one of which the status tells."""
LOG_LINE_BYTES = 160
"""Longest last line of a log: logs can hold secrets, so no more of them is in a status."""


class SkipRecord(Observed):
    """Who skipped a stage, and whether its descendants run all the same."""

    by: ShortText = ""
    """The person who asked."""
    stage: Annotated[str, StringConstraints(max_length=40)] = ""
    """The stage above it that has found it not to be needed; empty where a person skipped it."""
    descendants: Literal["NotRun", "Run"] = "NotRun"
    """What becomes of the stages that depend on it."""


class Approval(Observed):
    """Who has let a stage pass, when, and why."""

    by: ShortText = ""
    """The person who approved."""
    at: Time
    """When it was asked for."""
    reason: ShortText = ""
    """Why, as far as it fits; the Intervention has all of it."""


class StageChanges(TypedDict, total=False):
    """What may change in a StageStatus: all but its name, by the field's own name and type."""

    state: StageState
    reason: str
    message: str
    attempt: int
    failures: int
    interruptions: int
    deferrals: int
    remakes: int
    job: str
    jobUid: str
    machine: str
    node: str
    pod: str
    turnTime: datetime | None
    recreatedTime: datetime | None
    waitingSince: datetime | None
    awaySince: datetime | None
    awaySeconds: int
    lostTime: datetime | None
    suspectedTime: datetime | None
    bootId: str
    notBeforeTime: datetime | None
    startTime: datetime | None
    completionTime: datetime | None
    stopping: Stopping | None
    skip: SkipRecord | None
    approval: Approval | None
    commit: Commit | None
    exitCode: int | None
    logLine: str
    earlier: list[EndedAttempt]


class StageRecord(Observed):
    """What the operator must find again of a stage; most of it in one line once it succeeded."""

    name: StageName
    """Name of the stage."""
    state: StageState = "Waiting"
    """Waiting, Deferred, Starting, Stuck, Running, Away, Succeeded, Failed, Skipped or NotRun."""
    attempt: int = Field(default=1, ge=1, le=COUNT_MAX)
    """Number of the current attempt; it only grows."""
    job: Annotated[str, StringConstraints(max_length=63, pattern=OBJECT_NAME)] = ""
    """Name of the current Job."""
    jobUid: ShortText = ""
    """Uid of that Job, as the answer to its creation told it: no other Job counts."""
    record: Annotated[str, StringConstraints(max_length=RECORD_BYTES)] = ""
    """Once it has succeeded: where and when it has run, its attempt, Job, Pod and the digest of its
    `result.json`, in one line of words `name=value`."""
    commit: Commit | None = None
    """The committed outcome, where `record` does not tell it."""

    @model_validator(mode="before")
    @classmethod
    def _unpack(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        stage = cast("dict[str, Any]", given)
        return unpack(stage) if stage.get("record") else stage

    def as_written(self) -> Mapping[str, Any]:
        """With `record` in place of most of it, once it has succeeded."""
        if self.commit is None or self.state != names.STAGE_SUCCEEDED:
            return self.__dict__
        return pack(self.__dict__, self.commit.__dict__)


class StageClocks(StageRecord):
    """When what has happened to a stage, by our own clock."""

    turnTime: Time | None = None
    """When its turn came (slot granted); `startDeadlineSeconds` counts from here."""
    recreatedTime: Time | None = None
    """When its Job was made anew because no Pod came, or made long after its turn; by our clock."""
    waitingSince: Time | None = None
    """Since when no node of its first class is there; `fallbackAfterSeconds` counts from here."""
    awaySince: Time | None = None
    """Since when the machine on which it has begun is away."""
    awaySeconds: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """How long it was away before, in this attempt: no clock of the attempt counts that."""
    lostTime: Time | None = None
    """When its Pod was found missing without a result."""
    suspectedTime: Time | None = None
    """Since when nothing shows whether its process lives; `orphanTimeoutSeconds` counts from here,
    but only while the operator looks."""
    notBeforeTime: Time | None = None
    """End of the back-off."""
    startTime: Time | None = None
    """When the container of the current attempt started."""
    completionTime: Time | None = None
    """When it ended."""


class StageStatus(StageClocks):
    """Where one stage stands: its current or last attempt whole, of those before it the reason."""

    reason: Annotated[str, StringConstraints(max_length=63)] = ""
    """Why it is in that state, as one word."""
    message: Sentence = ""
    """Why, as a sentence."""
    failures: int = Field(default=0, ge=0, le=COUNT_MAX)
    """Failed attempts that count against `retries`; a person's retry sets it to 0."""
    interruptions: int = Field(default=0, ge=0, le=COUNT_MAX)
    """Attempts ended from outside since the last person's retry; they cost no attempt."""
    deferrals: int = Field(default=0, ge=0, le=COUNT_MAX)
    """Attempts that could not be done for a cause outside (`Deferred`); they cost no attempt."""
    remakes: int = Field(default=0, ge=0, le=COUNT_MAX)
    """How often this attempt's Job was made anew before its turn."""
    machine: Annotated[str, StringConstraints(max_length=31)] = ""
    """Machine class that it runs or ran on."""
    node: Annotated[str, StringConstraints(max_length=253)] = ""
    """Node that it runs or ran on."""
    bootId: Uid = ""
    """Of its node, while it runs: another one means that the machine has booted since."""
    pod: Uid = ""
    """Uid of the Pod that was chosen for this attempt, recorded before its gate is removed: the
    only one that may commit."""
    stopping: Stopping | None = None
    """Set while its Pod is being ended by the operator."""
    skip: SkipRecord | None = None
    """Set when a person skipped it, or a stage above it found it not to be needed."""
    approval: Approval | None = None
    """Set once somebody has approved it; taken back where a stage above it is retried."""
    exitCode: int | None = Field(default=None, ge=-COUNT_MAX, le=TOTAL_MAX)
    """Exit code of its container, where the last attempt failed."""
    logLine: Annotated[str, StringConstraints(max_length=LOG_LINE_BYTES)] = ""
    """Last line of its container's log, where the last attempt failed; the whole is kept as an
    artifact: see `stagework logs`."""
    earlier: list[EndedAttempt] = Field(default=[], max_length=EARLIER_KEPT)
    """The last attempts before this one, the oldest first."""

    @property
    def cause(self) -> str:
        """Why it is as it is, in one line: the reason, the message, and how its log ends."""
        said = ": ".join(part for part in (self.reason, self.message) if part)
        return with_log(said, self.logLine)

    @property
    def done(self) -> bool:
        """It counts as progress: its work is done, or nothing was to be done."""
        return self.state in _DONE or self.set_aside

    @property
    def set_aside(self) -> bool:
        """Nobody needs it, as the run has gone: a stage above it said so, or nothing failed."""
        if self.state == names.STAGE_NOT_RUN:
            return self.reason == names.NOT_NEEDED
        return self.state == names.STAGE_SKIPPED and self.skip is not None and self.skip.stage != ""

    @property
    def has_failed(self) -> bool:
        """It failed, or was not run because something above it had, or its run was ended."""
        not_run = self.state == names.STAGE_NOT_RUN and self.reason in _AFTER_FAILURE
        return self.state == names.STAGE_FAILED_STATE or not_run

    @property
    def stopped(self) -> bool:
        """It has ended, or is being ended, with its run: stopped by a person, or over its time.

        A retry of anything in the run brings it back.
        """
        if self.stopping is not None:
            return self.stopping.reason in WITH_ITS_RUN
        return self.reason in WITH_ITS_RUN and self.state in _STOPPED

    @property
    def deferred(self) -> bool:
        """It waits for what is away, and no clock of it runs."""
        return self.state == names.STAGE_DEFERRED

    @property
    def away(self) -> bool:
        """It has begun on a machine that is away."""
        return self.state == names.STAGE_AWAY

    @property
    def suspected(self) -> bool:
        """Nothing proves whether its process lives, on a machine that is not merely away."""
        return self.active and not self.away and self.suspectedTime is not None

    @property
    def awaits_approval(self) -> bool:
        """Nothing but somebody's approval is in its way, as far as it was judged."""
        return self.waiting and self.reason == names.WAIT_APPROVAL

    @property
    def ended(self) -> bool:
        """It needs nothing more, unless a person asks for a retry."""
        return self.state in _ENDED

    @property
    def active(self) -> bool:
        """Its turn has come and it has not ended."""
        return self.state in _ACTIVE

    @property
    def starting(self) -> bool:
        """Its turn has come and its container does not run."""
        return self.state in _STARTING

    @property
    def stuck(self) -> bool:
        """It cannot start, and holds no slot while it is tried on."""
        return self.state == names.STAGE_STUCK

    @property
    def waiting(self) -> bool:
        """It has no turn yet; `reason` says what it waits for."""
        return self.state in _WAITING

    @property
    def pod_missed(self) -> bool:
        """Its Pod is gone, and it is not known yet what has become of it."""
        return self.reason in _POD_MISSED

    @property
    def unproved(self) -> bool:
        """It was skipped, or its run stopped, before anything proved that its process had ended."""
        over = self.state == names.STAGE_SKIPPED or (self.stopped and self.ended)
        return over and self.pod != "" and self.lostTime is not None

    @property
    def put_off(self) -> bool:
        """Only the time until its next attempt is in its way, or its run's being suspended too."""
        return self.waiting and self.notBeforeTime is not None and self.reason in _PUT_OFF

    @property
    def wants_machine(self) -> bool:
        """It waits for what a machine would give it: a free slot, or a node of its class."""
        return self.waiting and self.reason in _FOR_MACHINE

    def evolve(self, **changes: Unpack[StageChanges]) -> Self:
        """The same stage with other values."""
        return self._evolved(changes)


def with_log(said: str, log_line: str) -> str:
    """A sentence on an attempt's end, with how its log ends where that says more."""
    if not log_line or log_line in said:
        return said
    return f"{said}; its log ends: {log_line}"


States = Mapping[str, StageStatus]
"""The stages of a run by name."""

_DONE = frozenset({names.STAGE_SUCCEEDED, names.STAGE_SKIPPED})
_ENDED = _DONE | {names.STAGE_FAILED_STATE, names.STAGE_NOT_RUN}
_AFTER_FAILURE = frozenset({names.UPSTREAM_FAILED, *WITH_ITS_RUN})
_STOPPED = frozenset({names.STAGE_FAILED_STATE, names.STAGE_NOT_RUN})
_STARTING = frozenset({names.STAGE_STARTING, names.STAGE_STUCK})
_WAITING = frozenset({names.STAGE_WAITING, names.STAGE_DEFERRED})
_ACTIVE = _STARTING | {names.STAGE_RUNNING, names.STAGE_AWAY}
_POD_MISSED = frozenset({names.WAIT_RESULT, names.WAIT_POD_LOST})
_PUT_OFF = frozenset({names.WAIT_BACKOFF, names.WAIT_ENDPOINT, names.WAIT_SUSPENDED})
_FOR_MACHINE = frozenset({names.WAIT_SLOT, names.WAIT_NO_NODE, names.WAIT_MACHINE_AWAY})
