"""What the API service answers about batches: rows, one batch whole, pages of items, requests."""

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from stagework.api.base import Observed, Resource
from stagework.api.batch import BatchSpec, EtaRange, FailedSample, FrozenManifest
from stagework.api.estimates import EstimateError
from stagework.api.intervention import Select
from stagework.api.references import ObjectName

MAX_BATCHES: Final = 500
"""Longest page of batches."""
MAX_ITEMS_PAGE: Final = 1000
"""Longest page of items."""


class BatchRow(Observed):
    """A batch with its live numbers, as its status has them."""

    namespace: str
    """Where it is."""
    name: str
    """Its name."""
    uid: str
    """Never used again, unlike the name."""
    title: str
    """What people see; the name where nobody gave one."""
    tenant: str
    """Whose work it is."""
    pipeline: str
    """The Pipeline that its chunks are runs of."""
    priority: int
    """Higher goes first."""
    suspend: bool
    """No new chunk is begun."""
    state: str
    """Where it stands, as one word."""
    message: str
    """The same as a sentence."""
    succeeded: bool | None
    """How it ended; null: it has not."""
    total: int
    """Items; 0 before its list is frozen."""
    done: int
    """Items that ended well."""
    failed: int
    """Items that failed."""
    skipped: int
    """Items with which nothing was to be done."""
    running: int
    """Items of the chunks in flight."""
    handled: int
    """Items that have ended and are not to run again."""
    percent: float
    """Handled items of all; failed and skipped ones are handled, too."""
    itemsPerMinute: str
    """Handled since the start, a minute."""
    eta: str
    """How long it still takes, or why nobody can say."""
    etaSeconds: EtaRange | None
    """The same in seconds; null where it is not known."""
    chunksOpen: int
    """Chunks in flight."""
    chunksCompleted: int
    """Chunks that ended well."""
    chunksFailed: int
    """Chunks that failed as a whole."""
    chunkSize: int | None
    """Items of the chunk that was made last; null: none was."""
    chunkSizeReason: str
    """Why so many: Target, Amortised, Tail, Pilot or Limit; empty: none was made."""
    round: int
    """0: all items; each Reprocess makes the next one."""
    created: AwareDatetime
    """When it was made."""
    started: AwareDatetime | None
    """When its list was frozen."""
    completed: AwareDatetime | None
    """When its last item ended."""


class BatchList(Observed):
    """Answer of `GET /v1/batches`."""

    batches: list[BatchRow]
    """The newest first."""
    next: str = ""
    """What to give as `after` for the next page; empty: this is the last one."""


class BatchDetail(Observed):
    """Answer of `GET /v1/batches/{namespace}/{name}`."""

    batch: BatchRow
    """Its numbers."""
    spec: BatchSpec
    """What a person wrote."""
    manifest: FrozenManifest | None
    """The frozen list, with the lines that hold no item; null before that."""
    failedSamples: list[FailedSample]
    """Some items that failed."""
    pastEstimates: list[EstimateError] = []
    """What was said of the ends of earlier batches of its Pipeline, against what was true; empty
    below 20 of them, and of a batch of whose end nothing is said."""


class BatchNews(Observed):
    """What a WebSocket of live progress brings."""

    seq: int
    """1, 2, 3 and so on: one that is missing was not sent to you."""
    at: AwareDatetime
    """When that was so."""
    batch: BatchRow | None
    """Its numbers; null: it was deleted, and nothing more comes."""


class BatchItem(Observed):
    """A line of the ledger."""

    number: int
    """Its place in the list, from 0."""
    id: str
    """Its name, for good."""
    uri: str
    """Its address; empty where it has params alone."""
    state: Literal["Waiting", "Done", "Failed", "Skipped"]
    """What has become of it."""
    reason: str
    """Why, as one word."""
    message: str
    """Why, as a sentence."""
    attempts: int
    """How often it was tried, over all rounds."""
    chunk: str
    """The chunk that has decided it, as `r<round>-<start>-<count>`."""
    machine: str
    """Class of the machine."""
    seconds: float | None
    """How long it took; null where nothing tells."""
    ended: str
    """When its chunk ended."""
    outputs: list[str]
    """Addresses of what it has left."""


class ItemList(Observed):
    """Answer of `GET /v1/batches/{namespace}/{name}/items`."""

    items: list[BatchItem]
    """In the list's order."""
    next: int | None = None
    """What to give as `after` for the next page; null: this is the last one."""


class NewBatch(Resource):
    """What `POST /v1/batches` takes."""

    namespace: Annotated[str, StringConstraints(max_length=63)]
    """Where to make it."""
    name: ObjectName | None = None
    """Its name; absent: `batch-` and something."""
    spec: BatchSpec
    """As in a manifest."""


class ReprocessRequest(Resource):
    """What `POST /v1/batches/{namespace}/{name}/reprocess` takes."""

    select: Select = Select(states=["Failed"])
    """Which items; absent: those that failed."""
    reason: Annotated[str, StringConstraints(max_length=256)] = ""
    """Why; kept in the history."""


class Reprocessed(Observed):
    """What a reprocess will run again, or would."""

    requested: int
    """Items that were asked for."""
    affected: int
    """Items that run again."""
    unknown: list[str] = Field(default=[])
    """Ids that no item has."""
    intervention: str = ""
    """Name of the Intervention; empty: nothing was written."""
