"""What history keeps of runs: facts as the operator posts them, each with the key of one row.

A fact says how a row is now, as far as its sender knows, so that one that comes twice, late or in
another order changes nothing (`policies/fact_merging.py`). They are built without a check where
something is decided, for nothing that a run holds may stand in the way of that, and checked where
they come in.
"""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, TypeAdapter

from stagework.api.base import COUNT_MAX, TOTAL_MAX, Observed

MAX_FACTS: Final = 1000
"""In one request."""
MAX_BYTES: Final = 4 * 1024 * 1024
"""Of the body of one request."""


def _without_nul(text: str) -> str:
    """PostgreSQL stores no NUL."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


_clean = AfterValidator(_without_nul)
Uid = Annotated[str, StringConstraints(min_length=1, max_length=128), _clean]
"""A uid of Kubernetes."""
Word = Annotated[str, StringConstraints(max_length=63), _clean]
"""A reason, a stage, a class, a namespace."""
Name = Annotated[str, StringConstraints(max_length=253), _clean]
"""Of an object."""
Line = Annotated[str, StringConstraints(max_length=512), _clean]
"""A sentence, a title."""

Key = tuple[str, str, str, int]
"""Kind, uid, stage and attempt: what one row is found by."""

Outcome = Literal[
    "", "Succeeded", "Failed", "Skipped", "Stopped", "NotRun", "Interrupted", "Deferred", "Retried"
]
"""How an attempt ended; empty while it goes on.

`Failed` counted against the stage's retries; `Interrupted` and `Deferred` cost none; `Retried`: a
person wanted another one before it had ended, or how it ended is not known any more."""


class WholeFact(Observed):
    """How a run or a batch stands as a whole; of two the newer one counts."""

    uid: Uid
    """Of the object."""
    at: AwareDatetime
    """When this was so, by the operator's clock."""
    namespace: Word
    """Where it is."""
    name: Name
    """Its name."""
    pipeline: Name = ""
    """Name of its Pipeline; empty where it has stages of its own."""
    title: Line = ""
    """What people see; empty: its name."""
    tenant: Line = ""
    """Whose work it is."""
    priority: int = Field(default=0, ge=-COUNT_MAX, le=COUNT_MAX)
    """As its spec has it."""
    created: AwareDatetime
    """When the API server accepted it."""
    started: AwareDatetime | None = None
    """When the operator accepted a run; when the list of a batch was frozen."""
    ended: AwareDatetime | None = None
    """When nothing more was to come without a person."""
    state: Word = ""
    """`status.summary`."""
    message: Line = ""
    """`status.message`."""

    @property
    def run_uid(self) -> str:
        """Of what it is about."""
        return self.uid


class RunFact(WholeFact):
    """How a run stands as a whole; of two the newer one counts."""

    kind: Literal["Run"] = "Run"
    """Tells it from other facts."""
    subject: Line = ""
    """The document's own identity."""
    stages: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """How many it has."""
    done: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Stages that count as progress."""

    @property
    def key(self) -> Key:
        """Of its row."""
        return (self.kind, self.uid, "", 0)


class AttemptFact(Observed):
    """How one attempt at a stage stands; what is None or empty is not known to its sender."""

    kind: Literal["Attempt"] = "Attempt"
    """Tells it from other facts."""
    uid: Uid
    """Of the run."""
    at: AwareDatetime
    """When this was so, by the operator's clock; where only what is left of an earlier attempt in a
    status tells of it: when it ended."""
    namespace: Word
    """Of the run."""
    pipeline: Name = ""
    """Of the run."""
    stage: Word
    """Its stage."""
    attempt: int = Field(ge=1, le=COUNT_MAX)
    """Its number."""
    home: Word = ""
    """Class in whose queue it stands first."""
    machine: Word = ""
    """Class that does, or did, the work."""
    node: Name = ""
    """Node likewise."""
    queued: AwareDatetime | None = None
    """When nothing but a machine was in its way."""
    started: AwareDatetime | None = None
    """When its container began."""
    ended: AwareDatetime | None = None
    """When it ended."""
    outcome: Outcome = ""
    """How it ended."""
    reason: Word = ""
    """Why, as one word."""
    message: Line = ""
    """Why, as a sentence."""
    exitCode: int | None = Field(default=None, ge=-COUNT_MAX, le=TOTAL_MAX)
    """Of its container, where that is known."""
    maxAttempts: int | None = Field(default=None, ge=1, le=COUNT_MAX)
    """How often the stage is tried by itself."""
    followed: bool = False
    """Another attempt has followed it: it is no longer how the stage stands."""

    @property
    def key(self) -> Key:
        """Of its row."""
        return (self.kind, self.uid, self.stage, self.attempt)

    @property
    def run_uid(self) -> str:
        """Of the run that it is about."""
        return self.uid


class InterventionFact(Observed):
    """What a person has asked of a run, and the answer; of two the newer one counts."""

    kind: Literal["Intervention"] = "Intervention"
    """Tells it from other facts."""
    uid: Uid
    """Of the Intervention."""
    run: Uid
    """Uid of the run."""
    at: AwareDatetime
    """When it was answered."""
    namespace: Word
    """Of both."""
    name: Name
    """Of the Intervention."""
    verb: Word
    """What was asked."""
    stages: Annotated[str, StringConstraints(max_length=64 * 64), _clean] = ""
    """Of which stages, with commas; empty: of all that it could mean."""
    by: Line = ""
    """Who asked."""
    reason: Line = ""
    """Why."""
    asked: AwareDatetime
    """When."""
    affected: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Stages that it changed."""
    refused: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Stages that were left alone."""
    answer: Word = ""
    """Done, PartlyDone or Refused."""

    @property
    def key(self) -> Key:
        """Of its row."""
        return (self.kind, self.uid, "", 0)

    @property
    def run_uid(self) -> str:
        """Of the run that it is about."""
        return self.run


class BatchFact(WholeFact):
    """How a batch stands as a whole; of two the newer one counts."""

    kind: Literal["Batch"] = "Batch"
    """Tells it from other facts."""
    revision: Word = ""
    """Generation of its Pipeline, where that was there."""
    total: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Its items."""
    done: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Items that ended well."""
    failed: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Items that failed."""
    skipped: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Items with which nothing was to be done."""
    chunks: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Chunks that ended well."""
    failedChunks: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Chunks that failed as a whole."""
    rounds: int = Field(default=0, ge=0, le=COUNT_MAX)
    """How often items of it were run again."""
    estimates: Line = ""
    """What was said of its end on the way, as `status.estimates` has it, with commas."""

    @property
    def key(self) -> Key:
        """Of its row."""
        return (self.kind, self.uid, "", 0)


AnyFact = RunFact | AttemptFact | InterventionFact | BatchFact
"""All that is posted."""


class FactsBody(Observed):
    """The body of `POST /v1/facts`."""

    facts: Annotated[
        list[Annotated[AnyFact, Field(discriminator="kind")]], Field(max_length=MAX_FACTS)
    ]
    """In no particular order."""

    @classmethod
    def of(cls, facts: Sequence[AnyFact]) -> Self:
        """Unchecked, for who sends it."""
        return cls.model_construct(facts=list(facts))


_body = TypeAdapter(FactsBody)


def encoded(facts: Sequence[AnyFact]) -> bytes:
    """The body of a request with these."""
    return _body.dump_json(FactsBody.of(facts), exclude_defaults=False, warnings=False)


def decoded(raw: bytes) -> list[AnyFact]:
    """What a body holds; raises pydantic.ValidationError."""
    return _body.validate_json(raw).facts
