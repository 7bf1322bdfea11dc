"""All that a decision about one batch may use, read at one moment and frozen; its questions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from stagework.api.batch import Batch, BatchStatus, FailedSample
from stagework.api.batch_book import DROPPED
from stagework.api.estimates import Eta
from stagework.api.intervention import Intervention
from stagework.api.machines import Fleet
from stagework.api.pipeline import Pipeline
from stagework.children.chunk_run import Item
from stagework.plans.made import NOTHING_MADE, Made
from stagework.plans.plan import ActionKey, Plan, Question, Refusal
from stagework.policies.chunks.batch_view import BatchView
from stagework.policies.chunks.fit import History
from stagework.policies.chunks.no_eta import NoEta

BatchPlan = Plan[BatchStatus]
"""What is to be done about a batch."""
ASK_AGAIN: Final = timedelta(seconds=5)
"""Pause before a service that could not say is asked again."""
FREEZING_POLL: Final = timedelta(seconds=2)
"""Pause between questions of how far the freezing of a list has come."""


@dataclass(frozen=True)
class StageEnd:
    """How a stage of a chunk's run has ended."""

    name: str
    prefix: str
    """Where its artifacts are; empty: it has committed none."""
    state: str
    reason: str
    attempt: int
    machine: str
    seconds: float | None
    """From its turn to its end; None: not known."""
    items: int | None = None
    failed: int | None = None


@dataclass(frozen=True)
class ChildRun:
    """A PipelineJob that this batch controls, as far as its own words go."""

    name: str
    uid: str
    ended: bool
    succeeded: bool
    leaving: bool
    """Somebody has deleted it, and it is there still."""
    reason: str = ""
    """Why it ended so: of the stage that failed, else its own."""
    message: str = ""
    machine: str = ""
    """Class on which it works."""
    began: datetime | None = None
    ended_at: datetime | None = None
    stages: tuple[StageEnd, ...] = ()


# --- what is asked --------------------------------------------------------------------------------


@dataclass(frozen=True)
class FreezeQuestion(Question):
    """Asked of the API service: have the list of items frozen, and say what is in it."""


@dataclass(frozen=True)
class SelectQuestion(Question):
    """Likewise: freeze the items of a new round, as somebody has asked for them."""

    round: int
    request: str
    """Uid of the Intervention: another one's choice is replaced, for it was never begun."""
    states: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    all_but: str = ""
    at_rest: bool = False
    """Nothing runs or waits: items that never ended may be chosen, too."""


@dataclass(frozen=True)
class ItemsQuestion(Question):
    """Likewise: the items at these positions; 256 at most."""

    round: int
    first: int
    end: int


@dataclass(frozen=True)
class FoldQuestion(Question):
    """Likewise: take what has become of a chunk's items into the ledger, once.

    Not `final`: nothing is taken in; only how much is known of its items is asked.
    """

    round: int
    start: int
    count: int
    attempt: int
    whole: tuple[int, int]
    """Start and count of the chunk that it is a part of, or of itself."""
    final: bool
    child: tuple[str, str]
    """Name and uid of its run; empty where none could be made."""
    succeeded: bool
    reason: str = ""
    message: str = ""
    stages: tuple[StageEnd, ...] = ()
    began: datetime | None = None
    ended: datetime | None = None
    like: tuple[str, str] = ("", "")
    """Name and generation of its Pipeline: what it has cost tells later batches of that."""
    machine: str = ""
    """Class on which most of it was done."""
    dropped: bool = False
    """Nothing that it has left is to count any more; what was taken in already does, and is
    answered."""


@dataclass(frozen=True)
class HistoryQuestion(Question):
    """Likewise: what have earlier batches of this pipeline cost?"""

    pipeline: str
    revision: str


@dataclass(frozen=True)
class EtaQuestion(Question):
    """Asked of this process, beside its decisions: how long does it still take?"""

    mark: int
    """Asked once at each mark: so far has it come."""
    seed: str = field(compare=False)
    view: BatchView = field(compare=False)


# --- what is answered -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Unavailable:
    """Whoever was asked cannot say; asked again after a pause."""

    message: str
    at: datetime


@dataclass(frozen=True)
class Freezing:
    """It is at it."""

    items: int
    at: datetime


@dataclass(frozen=True)
class SourceMissing:
    """What holds the list is not there yet."""

    message: str
    at: datetime


@dataclass(frozen=True)
class ItemsRefused:
    """That list can never be taken."""

    reason: str
    message: str


@dataclass(frozen=True)
class Selected:
    """A round is frozen."""

    count: int
    unknown: tuple[str, ...] = ()
    """Ids that were named in vain."""


@dataclass(frozen=True)
class GivenItems:
    """Items by their positions, the first one first."""

    items: tuple[Item, ...]


@dataclass(frozen=True)
class Folded:
    """What a chunk's outcomes have changed in the counts of the batch."""

    done: int
    failed: int
    skipped: int
    known: int
    """Items with an outcome of their own."""
    suspect: int | None = None
    """Position of the item that it died on; None: not known."""
    span_seconds: float | None = None
    """From the end of its first item to the end of its last."""
    samples: tuple[FailedSample, ...] = ()
    outcome: str = ""
    """Of what stands in the ledger under that name: Succeeded, Failed or Dropped."""

    @property
    def dropped(self) -> bool:
        """Nothing of it counts, now or later."""
        return self.outcome == DROPPED


@dataclass(frozen=True)
class Priors:
    """What earlier batches have cost, by machine class."""

    by_machine: Mapping[str, History] = field(default_factory=dict[str, History])
    ratios: Mapping[int, Sequence[float]] = field(default_factory=dict[int, Sequence[float]])
    """What was true over what was said of their ends, by mark, the oldest first."""


NO_PRIORS: Final = Priors()
"""Nothing is known of earlier ones, or not yet."""


@dataclass(frozen=True)
class EtaAnswer:
    """An estimate, and how far the batch was then."""

    mark: int
    eta: Eta | NoEta


@dataclass(frozen=True)
class BatchSnapshot:
    """One batch and all that belongs to it."""

    batch: Batch
    fleet: Fleet
    pipeline: Pipeline | None = None
    """The Pipeline that it names."""
    children: Mapping[str, ChildRun] = field(default_factory=dict[str, ChildRun])
    """Runs that say this batch controls them, by uid; which are its own says the record."""
    outliving: Collection[str] = frozenset()
    """Uids of runs that are gone and whose Pods have not ended."""
    remembered: Collection[str] = frozenset()
    """Uids of ended runs, and its own, all of which history has acknowledged."""
    interventions: tuple[Intervention, ...] = ()
    """All of this batch, oldest first."""
    answers: Mapping[Any, Any] = field(default_factory=dict[Any, Any])
    refusals: Mapping[ActionKey, Refusal] = field(default_factory=dict[ActionKey, Refusal])
    made: Made = NOTHING_MADE

    @property
    def namespace(self) -> str:
        """Where it lives."""
        return self.batch.metadata.namespace


def is_due(answer: object, now: datetime) -> datetime | None:
    """When a question with this answer is to be asked again; None: it is answered for good."""
    match answer:
        case Unavailable(at=at) | SourceMissing(at=at):
            return max(at + ASK_AGAIN, now)
        case Freezing(at=at):
            return max(at + FREEZING_POLL, now)
        case _:
            return None
