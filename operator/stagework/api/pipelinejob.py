"""`PipelineJob`: one run of a pipeline; spec by a person, status by the operator."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self, TypedDict, Unpack

from pydantic import ConfigDict, Field, StringConstraints

from stagework.api import names
from stagework.api.answered import Answered
from stagework.api.base import (
    COUNT_MAX,
    OBJECT_NAME,
    TOTAL_MAX,
    Metadata,
    Resource,
    ShortText,
    Time,
    no_null_byte,
    rules,
)
from stagework.api.conditions import Condition
from stagework.api.pipeline import (
    MAX_PARAMS,
    ONE_VARIABLE,
    PARAMS_BYTES,
    PARAMS_TOO_LONG,
    Parallelism,
    ParamName,
    ParamValue,
)
from stagework.api.pod_fields import PullSecrets
from stagework.api.references import ObjectName
from stagework.api.stage_status import StageStatus
from stagework.api.stages import Stages
from stagework.api.work_status import WorkStatus

Uri = Annotated[
    str,
    StringConstraints(pattern="^(https|s3|artifact)://", min_length=1, max_length=2048),
    no_null_byte("an address"),
]

SlotTime = Annotated[
    str,
    StringConstraints(min_length=1, max_length=40),
    Field(json_schema_extra={"format": "date-time"}),
]
"""A moment as it was written: its offset says which day it was for."""

PARAMS_FIT = rules(
    (f"self.map(k, size(bytes(self[k]))).sum() <= {PARAMS_BYTES}", PARAMS_TOO_LONG),
    # Of two that both have dashes the operator tells: names of a map cost CEL too much.
    ("self.all(k, !k.contains('-') || !(k.replace('-', '_') in self))", ONE_VARIABLE),
)


class PipelineRef(Resource):
    """Names a Pipeline of the same namespace."""

    name: ObjectName
    """Name of the Pipeline."""


class InputItems(Resource):
    """Some items of a Batch: positions of one of its rounds."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            ("self.from < self.to", "from must be below to: the first is in, the last is not"),
        )
    )

    uri: Uri
    """The Batch's list, as `artifact://NAMESPACE/batches/UID`."""
    round: int = Field(default=0, ge=0, le=COUNT_MAX)
    """Round of the Batch."""
    from_: int = Field(alias="from", ge=0, le=COUNT_MAX)
    """First position."""
    to: int = Field(ge=1, le=COUNT_MAX)
    """The position behind the last one."""


class Input(Resource):
    """What the run works on."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            ("has(self.uri) || has(self.items)", "input needs a uri or items: give one of them"),
        )
    )

    uri: Uri | None = None
    """An `artifact://`, `https://` or `s3://` address; stages read it through the API service."""
    items: InputItems | None = None
    """Items of a Batch; written by the operator for the runs that it makes."""


class PipelineJobSpec(Resource):
    """What to run; only suspend, priority and ttlSecondsAfterFinished may change later."""

    # What may not change is said by the kind (`Kind.fixed_fields`): where this type stands in the
    # template of another kind, all of it may.

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "has(self.pipelineRef) != has(self.stages)",
                "give exactly one of pipelineRef and stages",
            ),
            (
                "!has(self.imagePullSecrets) || has(self.stages)",
                "imagePullSecrets goes with stages; those of a Pipeline stand in the Pipeline",
            ),
        )
    )

    pipelineRef: PipelineRef | None = None
    """The Pipeline to run; or give `stages`."""
    stages: Stages | None = None
    """Stages of this run alone; or give `pipelineRef`. Needs the right to create Pods."""
    params: dict[ParamName, ParamValue] = Field(
        default={}, max_length=MAX_PARAMS, json_schema_extra=PARAMS_FIT
    )
    """Values for the Pipeline's params."""
    imagePullSecrets: PullSecrets = []
    """Secrets of this namespace with which the images of `stages` are pulled. Needs the right to
    create Pods."""
    input: Input | None = None
    """What the run works on, such as a picture or a document."""
    slotTime: SlotTime | None = None
    """The time that the run is for, such as `2026-12-01T02:00:00+09:00`; stages have it as
    STAGEWORK_SLOT_TIME. A ScheduledJob gives it to the runs that it makes."""
    title: ShortText = ""
    """What people see on the board; the name where empty."""
    subject: ShortText = ""
    """The document's or picture's own identity, the same over many runs."""
    tenant: ShortText = ""
    """Whose work it is."""
    priority: int = Field(default=0, ge=-1000, le=1000)
    """Higher goes first within a machine class; then age decides."""
    parallelism: Parallelism | None = None
    """So many stages of this run at work at once, at most; of this and the Pipeline's own the
    lower one counts. Absent: as many as may start."""
    suspend: bool = False
    """True: nothing new starts; what runs goes on."""
    activeDeadlineSeconds: int | None = Field(default=None, ge=1, le=365 * 24 * 3600)
    """The run is ended this long after it was accepted. The clock stands still while the run is
    suspended, or held up by nothing but machines that are away; a retry of the ended run starts it
    anew. Absent: never."""
    ttlSecondsAfterFinished: int | None = Field(default=None, ge=0, le=365 * 24 * 3600)
    """Delete the run this long after its end; absent: keep it."""


class RunChanges(TypedDict, total=False):
    """What may change in a PipelineJobStatus, by the field's own name and type."""

    observedGeneration: int
    conditions: list[Condition]
    summary: str
    message: str
    progress: str
    stage: str
    machine: str
    node: str
    retries: int
    duration: str
    pipelineRevision: str
    startTime: datetime | None
    completionTime: datetime | None
    stages: list[StageStatus]
    answered: list[Answered]
    activeSeconds: int | None
    activeSince: datetime | None


class PipelineJobStatus(WorkStatus):
    """Where the run stands; written by the operator alone."""

    progress: Annotated[str, StringConstraints(max_length=16)] = ""
    """Finished stages of all, such as `3/9`."""
    stage: Annotated[str, StringConstraints(max_length=63)] = ""
    """The current stage; with several at once the first, and how many more."""
    machine: Annotated[str, StringConstraints(max_length=31)] = ""
    """Machine class of the current stage."""
    node: Annotated[str, StringConstraints(max_length=253)] = ""
    """Node of the current stage."""
    retries: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Attempts started beyond the first, over all stages."""
    duration: Annotated[str, StringConstraints(max_length=16)] = ""
    """From its begin to its end, such as `3m10s`; empty while it goes on."""
    pipelineRevision: Annotated[str, StringConstraints(max_length=253, pattern=OBJECT_NAME)] = ""
    """ControllerRevision that keeps the stages of this run."""
    startTime: Time | None = None
    """When the operator accepted the run."""
    completionTime: Time | None = None
    """When it ended."""
    activeSeconds: int | None = Field(default=None, ge=0, le=TOTAL_MAX)
    """What the clock of `activeDeadlineSeconds` had counted when it last stood still; absent: there
    is no deadline."""
    activeSince: Time | None = None
    """Since when that clock runs; absent: it stands still, or there is no deadline."""
    # Atomic, not keyed by name: only the operator writes it, and the API server would otherwise
    # keep a note of who wrote which field of which stage, and compare them all at each write.
    stages: list[StageStatus] = Field(default=[], max_length=64)
    """One entry a stage, in the pipeline's order."""
    answered: list[Answered] = Field(default=[], max_length=20)
    """The last Interventions carried out on this run."""

    def stage_named(self, name: str) -> StageStatus | None:
        """The entry of that stage, or None."""
        return next((stage for stage in self.stages if stage.name == name), None)

    @property
    def done_count(self) -> int:
        """Stages that count as progress."""
        return count_done(self.stages)

    @property
    def current_stage(self) -> StageStatus | None:
        """The stage to show; see `current_of`."""
        return current_of(self.stages)

    @property
    def verdict_pending(self) -> bool:
        """Whether a verdict is recorded that its Pod has not followed yet."""
        return any(stage.stopping is not None for stage in self.stages)

    @property
    def begun(self) -> bool:
        """Whether anything has been made for one of its stages, as far as this says."""
        return any(s.job or s.pod or s.attempt > 1 or not s.waiting for s in self.stages)

    def evolve(self, **changes: Unpack[RunChanges]) -> Self:
        """The same status with other values."""
        return self._evolved(changes)


def count_done(stages: Sequence[StageStatus]) -> int:
    """Stages that count as progress."""
    return sum(stage.done for stage in stages)


def current_of(stages: Sequence[StageStatus]) -> StageStatus | None:
    """The stage to show, the first of: runs, starts, is stuck, is away, waits for more than others,
    waits, failed.

    When all are done: the last. None before the run is accepted.
    """
    firsts: dict[str, StageStatus] = {}
    for stage in stages:
        due = stage.waiting and stage.reason != names.WAIT_DEPENDENCY
        firsts.setdefault("due" if due else stage.state, stage)
    for kind in _SHOWN_FIRST:
        if kind in firsts:
            return firsts[kind]
    return stages[-1] if stages else None


_SHOWN_FIRST = (
    names.STAGE_RUNNING,
    names.STAGE_STARTING,
    names.STAGE_STUCK,
    names.STAGE_AWAY,
    "due",
    names.STAGE_WAITING,
    names.STAGE_FAILED_STATE,
)


class PipelineJob(Resource):
    """A PipelineJob with the metadata that decisions use."""

    metadata: Metadata
    """Name, uid, versions."""
    spec: PipelineJobSpec
    """What a person wrote."""
    status: PipelineJobStatus = PipelineJobStatus()
    """What the operator wrote last."""
