"""Items of a Batch: what the API service, the operator and stage Pods say to each other of them.

An item has a number (its place in the frozen manifest, from 0) and an id, both for good. A round is
a pass over items: round 0 over all of them, each reprocess makes the next one. A position is a
place in a round. What became of a chunk is folded into the batch's ledger once, by its name.
"""

from typing import Annotated, Any, Final

import msgspec

MAX_ITEMS: Final = 1_000_000
"""Items of one Batch at most."""
MAX_INLINE: Final = 1000
"""Of these so many may stand in the Batch itself."""
ID_LETTERS: Final = 200
"""Longest id of an item."""
MAX_SELECTED_IDS: Final = 1000
"""So many items can be named one by one."""
MAX_RANGE: Final = 10_000
"""Longest range of positions that is asked for, and so the longest chunk."""
LISTED: Final = 20
"""So many lines of a manifest are told of one by one; the others are counted."""

DONE: Final = "Done"
"""The item went through every stage."""
FAILED: Final = "Failed"
"""A stage has set it aside, or its chunk failed for good."""
SKIPPED: Final = "Skipped"
"""A stage has found nothing to do; counts as handled."""
WAITING: Final = "Waiting"
"""Nothing is known of it yet."""
SUCCEEDED: Final = "Succeeded"
"""The run of a chunk's attempt ended well."""
RUN_FAILED: Final = "Failed"
"""It did not."""
DROPPED: Final = "Dropped"
"""Whatever it has left is counted by nobody: the chunk is run again, or was stopped."""
HANDLED: Final = (DONE, FAILED, SKIPPED)
"""States of items that were folded."""
STATES: Final = (*HANDLED, WAITING)
"""Every state of an item."""

Number = Annotated[int, msgspec.Meta(ge=0, le=MAX_ITEMS)]
Round = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Word = Annotated[str, msgspec.Meta(max_length=253)]
Text = Annotated[str, msgspec.Meta(max_length=512)]
Address = Annotated[str, msgspec.Meta(max_length=2048)]


class Item(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One item, as the frozen manifest has it but for its number, which is the line's."""

    id: str
    uri: str = ""
    params: dict[str, str] = {}


class PlacedItem(msgspec.Struct, frozen=True, gc=False):
    """An item at its place in a round."""

    position: int
    number: int
    id: str
    uri: str
    params: dict[str, str]


class BadLine(msgspec.Struct, frozen=True):
    """A line of a manifest of which no item was made."""

    line: int
    """From 1."""
    reason: str
    """As a sentence."""


class ManifestFacts(msgspec.Struct, frozen=True):
    """What there is to know of a frozen manifest; stands beside it."""

    name: str
    """Of the Batch."""
    total: int
    """Items."""
    sha256: str
    """Of `manifest.jsonl`."""
    duplicates: list[int] = []
    """Lines that repeat an item, the first ones; they were left out."""
    duplicateCount: int = 0
    """How many there are."""
    unreadable: list[BadLine] = []
    """Lines of which no item could be made, the first ones; they were left out."""
    unreadableCount: int = 0
    """How many there are."""
    source: str = ""
    """Where it is from, as one line."""
    beside: str = ""
    """Prefix of artifacts that its items may name: those of the stage that made it."""


# --- what the operator asks ---------------------------------------------------------------------


class S3Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Objects of a store of the settings."""

    store: Annotated[str, msgspec.Meta(max_length=63)]
    prefix: Annotated[str, msgspec.Meta(max_length=1024)] = ""
    suffix: Annotated[str, msgspec.Meta(max_length=255)] = ""


class StageSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A manifest, or a folder of files, among what a stage has committed."""

    prefix: Word
    path: Annotated[str, msgspec.Meta(max_length=1024)] = ""


class GivenInline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An item as a person writes it; what is wrong with it is said with its place."""

    id: str | None = None
    uri: str | None = None
    params: dict[str, Any] | None = None


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where items come from; exactly one of these."""

    inline: Annotated[list[GivenInline], msgspec.Meta(max_length=MAX_INLINE)] | None = None
    configMap: str | None = None
    """The text of its key."""
    manifest: Address | None = None
    """Of an upload."""
    s3: S3Source | None = None
    stage: StageSource | None = msgspec.field(default=None, name="from")


class FreezeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`PUT .../manifest`."""

    name: Word
    source: Source


class Selection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which items run again; exactly one of the first three."""

    states: Annotated[list[str], msgspec.Meta(max_length=len(STATES))] | None = None
    ids: Annotated[list[str], msgspec.Meta(max_length=MAX_SELECTED_IDS)] | None = None
    allBut: str | None = None


class SelectRequest(msgspec.Struct, frozen=True):
    """`POST .../rounds/{r}`."""

    select: Selection
    request: Annotated[str, msgspec.Meta(max_length=128)] = ""
    """Uid of the Intervention; another one's choice for this round is replaced: it never began."""
    atRest: bool = False
    """Nothing of the batch runs or waits: what never ended may be chosen, too."""


class SelectAnswer(msgspec.Struct, frozen=True):
    """How many items a round has; ids that were named in vain."""

    count: int
    unknown: list[str] = []


class Child(msgspec.Struct, frozen=True):
    """The run of a chunk's attempt."""

    name: Word
    uid: Annotated[str, msgspec.Meta(max_length=128)]


class Range(msgspec.Struct, frozen=True):
    """Positions of a round."""

    start: Number
    count: Annotated[int, msgspec.Meta(ge=1, le=MAX_RANGE)]


class StageEnd(msgspec.Struct, frozen=True):
    """How a stage of the child ended, as its status says."""

    name: Annotated[str, msgspec.Meta(max_length=63)]
    prefix: Annotated[str, msgspec.Meta(max_length=512)] | None = None
    """Where its last attempt keeps its artifacts; null: nothing is known to be there."""
    state: Annotated[str, msgspec.Meta(max_length=63)] = ""
    reason: Annotated[str, msgspec.Meta(max_length=63)] = ""
    attempt: Number = 1
    machine: Annotated[str, msgspec.Meta(max_length=63)] = ""
    seconds: float | None = None
    items: int | None = None
    failed: int | None = None


class FoldRequest(msgspec.Struct, frozen=True):
    """`POST .../folds`: a chunk's attempt has ended. A newer operator may say more of it."""

    round: Round
    start: Number
    count: Annotated[int, msgspec.Meta(ge=1, le=MAX_RANGE)]
    attempt: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    final: bool
    """False: the chunk is tried again, and nothing is counted."""
    child: Child
    outcome: str
    """Succeeded, Failed or Dropped."""
    origin: Range | None = None
    """The chunk of which this is a piece."""
    reason: Annotated[str, msgspec.Meta(max_length=63)] = ""
    message: Text = ""
    stages: Annotated[list[StageEnd], msgspec.Meta(max_length=64)] = []
    startedAt: str | None = None
    endedAt: str | None = None
    pipeline: Word = ""
    """Of the Batch; empty: what it has cost is not kept."""
    revision: Annotated[str, msgspec.Meta(max_length=63)] = ""
    """Generation of that Pipeline."""
    machine: Annotated[str, msgspec.Meta(max_length=63)] = ""
    """Class on which most of it was done."""

    @property
    def name(self) -> str:
        """Of the chunk's attempt; its outcomes are folded once under it."""
        return f"r{self.round}-{self.start}-{self.count}-{self.attempt}"


class Sample(msgspec.Struct, frozen=True):
    """An item that failed."""

    id: str
    reason: str
    message: str


class FoldAnswer(msgspec.Struct, frozen=True):
    """What a fold changed; the counts are differences."""

    outcome: str = ""
    """Of what is folded under that name, which may be what was asked before; only where `final`."""
    done: int = 0
    failed: int = 0
    skipped: int = 0
    known: int = 0
    """Items that have an outcome of their own."""
    suspect: int | None = None
    """Position of the item at which the child's Pod was last heard to work, if it has none."""
    firstToLastSeconds: float | None = None
    """From the first item's end to the last one's; stages add up."""
    samples: list[Sample] = []


class Costs(msgspec.Struct, frozen=True):
    """What a chunk costs on a class; seconds."""

    fixedSeconds: float
    itemSeconds: float


class HistoryAnswer(msgspec.Struct, frozen=True):
    """What earlier batches of a pipeline tell the next one."""

    machines: dict[str, Costs] = {}
    """By class."""
    ratios: dict[str, list[float]] = {}
    """What was true over what was said, by mark (percent handled), the oldest first."""


class LedgerLine(msgspec.Struct, frozen=True, gc=False):
    """What a fold says of one item."""

    number: int
    id: str
    state: str
    reason: str = ""
    message: str = ""
    attempts: int = 1
    """Over all rounds."""
    machine: str = ""
    seconds: float | None = None
    outputs: list[str] = []


class FoldHead(msgspec.Struct, frozen=True):
    """The first line of a fold's file."""

    request: FoldRequest
    answer: FoldAnswer


class ItemState(msgspec.Struct, frozen=True):
    """A line of the ledger as people read it."""

    number: int
    id: str
    uri: str
    state: str
    reason: str
    message: str
    attempts: int
    chunk: str
    machine: str
    seconds: float | None
    ended: str
    outputs: list[str]
