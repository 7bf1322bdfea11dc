"""`PipelineJob`: one run of a pipeline; spec by a person, status by the operator."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from stagework.api.base import Metadata, Observed, Resource, Time, rules
from stagework.api.conditions import Condition
from stagework.api.pipeline import MAX_PARAMS, ParamName, ParamValue
from stagework.api.stages import MAX_SECONDS, ObjectName, StageName, Stages

ShortText = Annotated[str, StringConstraints(max_length=128)]
Uri = Annotated[
    str, StringConstraints(pattern="^(https|s3|artifact)://", min_length=1, max_length=2048)
]


class PipelineRef(Resource):
    """Names a Pipeline of the same namespace."""

    name: ObjectName
    """Name of the Pipeline."""


class Input(Resource):
    """What the run works on."""

    uri: Uri
    """An `artifact://`, `https://` or `s3://` address; stages read it through the API service."""


_FIXED = ("pipelineRef", "stages", "params", "input", "title", "subject", "tenant")
# CEL compares a list that is a map by key without regard to order; the order of stages counts.
_SAME_ORDER = {
    "stages": " && self.stages.map(s, s.name) == oldSelf.stages.map(s, s.name)",
}


class PipelineJobSpec(Resource):
    """What to run; only suspend, priority and ttlSecondsAfterFinished may change later."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "has(self.pipelineRef) != has(self.stages)",
                "give exactly one of pipelineRef and stages",
            ),
            *(
                (
                    (
                        f"has(self.{name}) == has(oldSelf.{name}) && (!has(self.{name}) || "
                        f"self.{name} == oldSelf.{name}{_SAME_ORDER.get(name, '')})"
                    ),
                    f"{name} cannot be changed after creation: make a new PipelineJob",
                )
                for name in _FIXED
            ),
        )
    )

    pipelineRef: PipelineRef | None = None
    """The Pipeline to run; or give `stages`."""
    stages: Stages | None = None
    """Stages of this run alone; or give `pipelineRef`. Needs the right to create Pods."""
    params: dict[ParamName, ParamValue] = Field(default={}, max_length=MAX_PARAMS)
    """Values for the Pipeline's params."""
    input: Input | None = None
    """What the run works on, such as a picture or a document."""
    title: ShortText = ""
    """What people see on the board; the name where empty."""
    subject: ShortText = ""
    """The document's or picture's own identity, the same over many runs."""
    tenant: ShortText = ""
    """Whose work it is."""
    priority: int = Field(default=0, ge=-1000, le=1000)
    """Higher goes first within a machine class; then age decides."""
    suspend: bool = False
    """True: nothing new starts; what runs goes on."""
    ttlSecondsAfterFinished: int | None = Field(default=None, ge=0, le=365 * 24 * 3600)
    """Delete the run this long after its end; absent: keep it."""


class Commit(Observed):
    """The outcome of a stage's winning attempt: written once, never revised by a Job or Pod."""

    attempt: int = Field(ge=1)
    """Number of the winning attempt."""
    pod: ShortText = ""
    """Uid of the winning Pod: the fencing token."""
    digest: ShortText = ""
    """sha256 of the attempt's `result.json`; empty for `contract: ExitCode`."""
    prefix: Annotated[str, StringConstraints(max_length=512)] = ""
    """Where its artifacts are: `<namespace>/<run uid>/<stage>/<attempt>-<pod uid>`."""
    items: int | None = Field(default=None, ge=0)
    """Items that it worked on, where it counts them."""
    failedItems: int | None = Field(default=None, ge=0)
    """Items of these that failed."""


StageState = Literal["Waiting", "Starting", "Running", "Succeeded", "Failed", "Skipped", "NotRun"]


class Stopping(Observed):
    """A verdict that is recorded before the Pod is ended, so that a restart does not lose it."""

    reason: Annotated[str, StringConstraints(max_length=63)]
    """Why it is ended, such as TimedOut."""
    message: ShortText = ""
    """The sentence for people."""


class SkipRecord(Observed):
    """Who skipped a stage, and whether its descendants run all the same."""

    by: ShortText = ""
    """Who asked."""
    descendants: Literal["NotRun", "Run"] = "NotRun"
    """What becomes of the stages that depend on it."""


class StageStatus(Observed):
    """Where one stage stands; only the current or last attempt is kept."""

    name: StageName
    """Name of the stage."""
    state: StageState = "Waiting"
    """Waiting, Starting, Running, Succeeded, Failed, Skipped or NotRun."""
    reason: Annotated[str, StringConstraints(max_length=63)] = ""
    """Why it is in that state, as one word."""
    message: ShortText = ""
    """Why, as a sentence."""
    attempt: int = Field(default=1, ge=1)
    """Number of the current attempt; it only grows."""
    failures: int = Field(default=0, ge=0)
    """Failed attempts that count against `retries`; a person's retry sets it to 0."""
    interruptions: int = Field(default=0, ge=0)
    """Attempts ended from outside since the last person's retry; they cost no attempt."""
    deferrals: int = Field(default=0, ge=0)
    """Attempts that could not be done for a cause outside (`Deferred`); they cost no attempt."""
    remakes: int = Field(default=0, ge=0)
    """How often this attempt's Job was made anew before its turn."""
    job: Annotated[str, StringConstraints(max_length=63)] = ""
    """Name of the current Job."""
    machine: Annotated[str, StringConstraints(max_length=31)] = ""
    """Machine class that it runs or ran on."""
    node: Annotated[str, StringConstraints(max_length=253)] = ""
    """Node that it runs or ran on."""
    pod: ShortText = ""
    """Uid of the Pod whose gate was lifted for this attempt; the only one that may commit."""
    turnTime: Time | None = None
    """When its turn came (slot granted); `startDeadlineSeconds` counts from here."""
    waitingSince: Time | None = None
    """Since when no node of its first class is there; `fallbackAfterSeconds` counts from here."""
    lostTime: Time | None = None
    """When its Pod was found missing without a result."""
    notBeforeTime: Time | None = None
    """End of the back-off."""
    startTime: Time | None = None
    """When the container of the current attempt started."""
    completionTime: Time | None = None
    """When it ended."""
    stopping: Stopping | None = None
    """Set while its Pod is being ended by the operator."""
    skip: SkipRecord | None = None
    """Set when a person skipped it."""
    commit: Commit | None = None
    """The committed outcome."""


class Answered(Observed):
    """An Intervention whose effect is already in this status; its own answer may still follow."""

    uid: ShortText
    """Uid of the Intervention."""
    affected: int = Field(default=0, ge=0)
    """Stages that it changed."""
    refused: Annotated[str, StringConstraints(max_length=512)] = ""
    """Refused stages with reasons, as `stage=Reason` separated by commas."""


class PipelineJobStatus(Observed):
    """Where the run stands; written by the operator alone."""

    observedGeneration: int = Field(default=-1, ge=-1)
    """Generation of the spec that this status speaks of; -1 before the operator saw it."""
    conditions: list[Condition] = Field(
        default=[], max_length=16, json_schema_extra={"x-map-key": "type"}
    )
    """Succeeded, Reconciling and Stalled; see `kubectl explain`."""
    summary: Annotated[str, StringConstraints(max_length=63)] = ""
    """The reason of `Succeeded` as one plain word, for columns and field selectors."""
    message: Annotated[str, StringConstraints(max_length=256)] = ""
    """What happens now or what went wrong, as a sentence."""
    progress: Annotated[str, StringConstraints(max_length=16)] = ""
    """Finished stages of all, such as `3/9`."""
    stage: Annotated[str, StringConstraints(max_length=63)] = ""
    """The current stage; with several at once the first, and how many more."""
    machine: Annotated[str, StringConstraints(max_length=31)] = ""
    """Machine class of the current stage."""
    node: Annotated[str, StringConstraints(max_length=253)] = ""
    """Node of the current stage."""
    attempts: int = Field(default=0, ge=0)
    """Attempts started so far, over all stages."""
    pipelineRevision: Annotated[str, StringConstraints(max_length=253)] = ""
    """ControllerRevision that keeps the stages of this run."""
    startTime: Time | None = None
    """When the operator accepted the run."""
    completionTime: Time | None = None
    """When it ended."""
    # Atomic, not keyed by name: only the operator writes it, and the API server would otherwise
    # keep a note of who wrote which field of which stage, and compare them all at each write.
    stages: list[StageStatus] = Field(default=[], max_length=64)
    """One entry a stage, in the pipeline's order."""
    answered: list[Answered] = Field(default=[], max_length=20)
    """The last Interventions carried out on this run."""

    def stage_named(self, name: str) -> StageStatus | None:
        """The entry of that stage, or None."""
        return next((each for each in self.stages if each.name == name), None)


class PipelineJob(Resource):
    """A PipelineJob with the metadata that decisions use."""

    metadata: Metadata
    """Name, uid, versions."""
    spec: PipelineJobSpec
    """What a person wrote."""
    status: PipelineJobStatus = PipelineJobStatus()
    """What the operator wrote last."""

    @property
    def finished(self) -> bool:
        """True once `Succeeded` is True or False."""
        condition = next((c for c in self.status.conditions if c.type == "Succeeded"), None)
        return condition is not None and condition.status != "Unknown"


__all__ = [
    "MAX_SECONDS",
    "Answered",
    "Commit",
    "Input",
    "PipelineJob",
    "PipelineJobSpec",
    "PipelineJobStatus",
    "PipelineRef",
    "SkipRecord",
    "StageState",
    "StageStatus",
    "Stopping",
]
