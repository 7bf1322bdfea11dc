"""`Batch`: many items through one pipeline, in chunks; spec by a person, status by the operator."""

from datetime import datetime
from typing import Annotated, Self, TypedDict, Unpack

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from stagework.api.answered import Answered
from stagework.api.base import (
    COUNT_MAX,
    TOTAL_MAX,
    Metadata,
    Observed,
    Resource,
    ShortText,
    Time,
    rules,
)
from stagework.api.batch_items import Items
from stagework.api.conditions import Condition
from stagework.api.pipeline import MAX_PARAMS, ParamName, ParamValue
from stagework.api.pipelinejob import PARAMS_FIT, PipelineRef, SlotTime
from stagework.api.work_status import WorkStatus

PARALLELISM_MAX = 256
"""Chunks in flight at most: the status names each."""
CHUNK_MAX = 1000
"""Items of a chunk at most."""
CHUNK_DEFAULT = 10
"""Items of a chunk where nothing is said."""
SAMPLES = 20
"""Failed items, wrong lines and duplicates that the status shows."""
_SHARE = "^([0-9]{1,7}|[0-9]{1,2}%|100%)$"


def _text(given: object) -> object:
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


CountOrShare = Annotated[
    str,
    BeforeValidator(_text),
    StringConstraints(pattern=_SHARE),
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "pattern": _SHARE,
            "maxLength": 7,
            "minimum": 0,
            "x-kubernetes-int-or-string": True,
        }
    ),
]
"""A number of items, or a share of all such as `5%`."""


class Chunking(Resource):
    """How chunks size themselves, by what is measured of those that have ended."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "!has(self.min) || !has(self.max) || self.min <= self.max",
                "min cannot be above max: lower min or raise max",
            ),
        )
    )

    targetSeconds: int = Field(default=300, ge=1, le=24 * 3600)
    """A chunk lasts about so long; longer where its fixed cost would be more than a twentieth."""
    min: int = Field(default=1, ge=1, le=CHUNK_MAX)
    """Items of a chunk at least, but for the end of the list."""
    max: int = Field(default=CHUNK_MAX, ge=1, le=CHUNK_MAX)
    """Items of a chunk at most."""


class Afterwards(Resource):
    """One run when the items have ended: gathering, a report."""

    pipelineRef: PipelineRef
    """Its Pipeline; its input is the list of all items with what has become of each."""


class BatchSpec(Resource):
    """What to run on which items; only suspend, priority, parallelism, maxFailedItems and
    ttlSecondsAfterFinished may change later.
    """

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "!(has(self.chunkSize) && has(self.chunking))",
                "give chunkSize or chunking, not both: chunking sizes the chunks itself",
            ),
        )
    )

    pipelineRef: PipelineRef
    """The Pipeline that each chunk is a run of."""
    params: dict[ParamName, ParamValue] = Field(
        default={}, max_length=MAX_PARAMS, json_schema_extra=PARAMS_FIT
    )
    """Values for the Pipeline's params, of every chunk; with `chunkSize: 1` an item's own win."""
    items: Items
    """What to work on."""
    chunkSize: int | None = Field(default=None, ge=1, le=CHUNK_MAX)
    """Items of a chunk; 10 where neither this nor `chunking` is given. With 1 an item's params are
    its run's params and its address the run's input."""
    chunking: Chunking | None = None
    """Let chunks size themselves."""
    parallelism: int = Field(default=8, ge=1, le=PARALLELISM_MAX)
    """Chunks in flight at most; `kubectl scale` changes it."""
    retriesPerChunk: int = Field(default=3, ge=0, le=10)
    """How often a chunk is run again as a whole for what is no item's fault, such as an image that
    cannot be pulled. A chunk that fails otherwise is run again once, then in parts."""
    maxFailedItems: CountOrShare | None = None
    """With more failed items than this (a number, or a share such as `5%`) no new chunk is begun
    and the batch fails. Absent: never."""
    afterwards: Afterwards | None = None
    """A run after the last item, whatever has become of them; not after a Stop."""
    slotTime: SlotTime | None = None
    """The time that the batch is for, which each of its runs has; a ScheduledJob gives it to the
    batches that it makes."""
    title: ShortText = ""
    """What people see; the name where empty."""
    tenant: ShortText = ""
    """Whose work it is."""
    priority: int = Field(default=0, ge=-1000, le=1000)
    """Of its chunks; higher goes first within a machine class."""
    suspend: bool = False
    """True: no new chunk is begun; those in flight go on."""
    ttlSecondsAfterFinished: int | None = Field(default=None, ge=0, le=365 * 24 * 3600)
    """Delete the batch this long after its end; absent: keep it."""


Packed = Annotated[str, StringConstraints(max_length=160)]
"""Something small as one line, for programs."""


class EtaRange(Observed):
    """How long it still takes; seconds."""

    p50: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Half of such batches take no longer."""
    p90: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Nine of ten take no longer."""


class ChunkCounts(Observed):
    """How the chunks stand; one that was run again in parts counts once."""

    completed: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Chunks that ended well, whatever has become of single items."""
    failed: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Chunks that failed as a whole, also where a part of their items was done afterwards."""
    open: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """In flight."""


class ChunkSize(Observed):
    """Of the chunk that was made last."""

    items: int = Field(default=0, ge=0, le=COUNT_MAX)
    """So many items."""
    reason: Annotated[str, StringConstraints(max_length=31)] = ""
    """Target, Amortised, Tail, Pilot or Limit."""


class FailedSample(Observed):
    """An item that failed."""

    id: Annotated[str, StringConstraints(max_length=64)]
    """Its id, cut."""
    reason: Annotated[str, StringConstraints(max_length=63)] = ""
    """Why, as one word."""
    message: Annotated[str, StringConstraints(max_length=64)] = ""
    """Why, cut."""


class UnreadableLine(Observed):
    """A line of the list that holds no item."""

    line: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Its number, from 1."""
    reason: Annotated[str, StringConstraints(max_length=64)] = ""
    """What is wrong with it."""


Line = Annotated[int, Field(ge=0, le=TOTAL_MAX)]
"""Number of a line, from 1."""


class FrozenManifest(Observed):
    """The list of items as it was frozen."""

    total: int = Field(default=0, ge=0, le=COUNT_MAX)
    """Items in it."""
    sha256: ShortText = ""
    """Of the frozen list."""
    duplicates: list[Line] = Field(default=[], max_length=SAMPLES)
    """Lines of items that were there before, 20 at most."""
    duplicateCount: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """How many such lines there are."""
    unreadable: list[UnreadableLine] = Field(default=[], max_length=SAMPLES)
    """Lines that hold no item, 20 at most."""
    unreadableCount: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """How many such lines there are."""


class BatchChanges(TypedDict, total=False):
    """What may change in a BatchStatus, by the field's own name and type."""

    observedGeneration: int
    conditions: list[Condition]
    summary: str
    message: str
    total: int
    done: int
    failed: int
    skipped: int
    running: int
    percent: str
    itemsPerMinute: str
    eta: str
    etaSeconds: EtaRange | None
    etaFrom: int
    round: int
    nextPosition: int
    roundTotal: int
    waitingRounds: list[str]
    chunks: ChunkCounts
    size: ChunkSize | None
    open: list[str]
    pieces: list[str]
    failedBefore: int
    failedSamples: list[FailedSample]
    stopped: str
    stopping: bool
    startTime: datetime | None
    completionTime: datetime | None
    lastChunkTime: datetime | None
    measured: list[str]
    estimates: list[str]
    pipelineGeneration: int
    manifest: FrozenManifest | None
    afterwards: str
    selector: str
    answered: list[Answered]


class BatchStatus(WorkStatus):
    """Where the batch stands; written by the operator alone."""

    total: int = Field(default=0, ge=0, le=COUNT_MAX)
    """Items of the batch."""
    done: int = Field(default=0, ge=0, le=COUNT_MAX)
    """Items that ended well."""
    failed: int = Field(default=0, ge=0, le=COUNT_MAX)
    """Items that failed."""
    skipped: int = Field(default=0, ge=0, le=COUNT_MAX)
    """Items with which nothing was to be done."""
    running: int = Field(default=0, ge=0, le=COUNT_MAX)
    """Items of the chunks in flight."""
    percent: Annotated[str, StringConstraints(max_length=7)] = ""
    """Items that are handled of all, such as `47.0`; failed and skipped ones are handled, too."""
    itemsPerMinute: Annotated[str, StringConstraints(max_length=16)] = ""
    """Handled since the start, a minute."""
    eta: Annotated[str, StringConstraints(max_length=80)] = ""
    """How long it still takes, such as `12m..15m`; `none`, and why, where that is not known."""
    etaSeconds: EtaRange | None = None
    """The same in seconds; absent where it is not known."""
    etaFrom: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """How many items were handled when it was estimated."""
    round: int = Field(default=0, ge=0, le=COUNT_MAX)
    """0: all items; each Reprocess makes the next one."""
    nextPosition: int = Field(default=0, ge=0, le=COUNT_MAX)
    """First position of the round that is in no chunk yet."""
    roundTotal: int = Field(default=0, ge=0, le=COUNT_MAX)
    """Positions of the round."""
    waitingRounds: list[Packed] = Field(default=[], max_length=20)
    """Rounds that come after it, as `round:positions`."""
    chunks: ChunkCounts = ChunkCounts()
    """How the chunks stand."""
    size: ChunkSize | None = None
    """Size of the last chunk, and why it has that size."""
    open: list[Packed] = Field(default=[], max_length=PARALLELISM_MAX)
    """Chunks in flight, as `round:start+count/attempt` and the uid of its run."""
    pieces: list[Packed] = Field(default=[], max_length=2 * PARALLELISM_MAX)
    """Parts of chunks that wait to be run again."""
    failedBefore: int = Field(default=0, ge=0, le=COUNT_MAX)
    """Failed items when somebody asked for a reprocess: those do not stop the batch once more."""
    failedSamples: list[FailedSample] = Field(default=[], max_length=SAMPLES)
    """Some items that failed."""
    stopped: Annotated[str, StringConstraints(max_length=256)] = ""
    """Who stopped it and why; empty where nobody did, or nothing is left undone."""
    stopping: bool = False
    """It was stopped, and its chunks are being ended."""
    startTime: Time | None = None
    """When the list was frozen."""
    completionTime: Time | None = None
    """When the last item ended."""
    lastChunkTime: Time | None = None
    """When a chunk was last counted."""
    measured: list[Packed] = Field(default=[], max_length=50)
    """What the last chunks took, as `class items seconds span`."""
    estimates: list[Packed] = Field(default=[], max_length=8)
    """What was said of its end on the way, as `percent played p50 p90 time`, in seconds; nothing of
    a batch that was suspended, or run again in part."""
    pipelineGeneration: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Of its Pipeline, as the last chunks have it."""
    manifest: FrozenManifest | None = None
    """The frozen list; absent before that."""
    afterwards: Packed = ""
    """The run afterwards, as `round name uid`."""
    selector: Packed = ""
    """Labels of its runs, for the scale subresource."""
    answered: list[Answered] = Field(default=[], max_length=20)
    """The last Interventions carried out on this batch."""

    @property
    def counted(self) -> int:
        """Items of which it is known what has become of them."""
        return self.done + self.failed + self.skipped

    def evolve(self, **changes: Unpack[BatchChanges]) -> Self:
        """The same status with other values."""
        return self._evolved(changes)


class Batch(Resource):
    """A Batch with the metadata that decisions use."""

    metadata: Metadata
    """Name, uid, versions."""
    spec: BatchSpec
    """What a person wrote."""
    status: BatchStatus = BatchStatus()
    """What the operator wrote last."""
