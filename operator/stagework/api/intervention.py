"""`Intervention`: what a person asks of a run, such as Retry; immutable, answered once, kept."""

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints

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
from stagework.api.batch_items import ItemId
from stagework.api.references import ObjectName
from stagework.api.stages import MAX_SECONDS, StageName

REQUESTER_LETTERS: Final = 512
"""Longest name of who asks: longer ones are refused, for two of them could be cut to the same."""

Word = str
"""A kind or verb; the registry of kinds says which there are (`api/kinds.py`)."""


class Target(Resource):
    """The object that is asked for something; in the same namespace."""

    kind: Word = ""
    """Kind of the target."""
    name: ObjectName
    """Name of the target."""
    uid: ShortText = ""
    """Uid of the target: refused where the object has been made anew; empty: whatever has the
    name."""


class Select(Resource):
    """Items of a Batch: by what has become of them, or by their ids."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "[has(self.states), has(self.ids), has(self.allBut)].filter(g, g).size() == 1",
                "give exactly one of states, ids and allBut in select",
            ),
        )
    )

    states: list[Literal["Failed", "Skipped"]] | None = Field(
        default=None, min_length=1, max_length=2, json_schema_extra={"x-list-type": "set"}
    )
    """Items that ended so."""
    ids: list[ItemId] | None = Field(default=None, min_length=1, max_length=1000)
    """Items of these ids, whatever has become of them."""
    allBut: Literal["Done"] | None = None
    """All items but those that are done."""


class InterventionSpec(Resource):
    """Who asks what of which run, and why; cannot be changed."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "self.verb != 'Stop' || !has(self.stages) || size(self.stages) == 0",
                "Stop ends the whole run: leave `stages` out, or ask for Skip of some stages",
            ),
            (
                "!has(self.select) || self.verb == 'Reprocess'",
                "select names items for Reprocess: leave it out, or ask for Reprocess of a Batch",
            ),
            (
                "self.verb != 'Reprocess' || !has(self.stages) || size(self.stages) == 0",
                "Reprocess runs items again: leave `stages` out, and name items in `select`",
            ),
            (
                "!has(self.timeoutSeconds) || self.verb == 'Recover'",
                "timeoutSeconds goes with Recover: leave it out, or ask for Recover",
            ),
        )
    )

    target: Target
    """The run."""
    verb: Word
    """Retry: a new attempt, its descendants wait again. Skip: done without being run. Stop: the
    run ends now. Approve: a stage that waits for approval may start. Recover: a stage of which
    nothing proves whether it lives has failed. Reprocess: items of a Batch are run again."""
    stages: list[StageName] = Field(
        default=[], max_length=64, json_schema_extra={"x-list-type": "set"}
    )
    """Stages; absent with Retry: every failed or stopped stage; with Approve: every stage that
    waits for it; with Recover: every stage that is suspected. Stop takes none."""
    attempt: int | None = Field(default=None, ge=1, le=COUNT_MAX)
    """Refused where this is no longer the stage's current attempt: a double click is harmless."""
    descendants: Literal["NotRun", "Run"] = "NotRun"
    """Skip only: whether the stages that depend on it run all the same."""
    select: Select | None = None
    """Reprocess only: which items; absent: those that failed."""
    timeoutSeconds: int | None = Field(default=None, ge=0, le=MAX_SECONDS)
    """Recover only: for how long nothing must have proved that a stage lives; absent: 1800."""
    reason: Annotated[str, StringConstraints(max_length=256)] = ""
    """Why; kept in the history."""
    requestedBy: Annotated[str, StringConstraints(max_length=REQUESTER_LETTERS)] = ""
    """Who asks; an admission policy demands that it is the requester, by the whole name."""


class RefusedStage(Observed):
    """A stage that was not changed, and why."""

    stage: Annotated[str, StringConstraints(max_length=63)]
    """Name of the stage, or id of the item; empty where the whole request was refused."""
    reason: Annotated[str, StringConstraints(max_length=63)]
    """Why, as one word."""


class InterventionStatus(Observed):
    """The answer; written once."""

    answered: Time | None = None
    """When it was answered."""
    requested: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Stages, or items, asked for."""
    affected: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Stages, or items, changed."""
    refused: list[RefusedStage] = Field(default=[], max_length=64)
    """Stages not changed, with reasons."""
    summary: Annotated[str, StringConstraints(max_length=63)] = ""
    """Done, PartlyDone or Refused."""
    message: Annotated[str, StringConstraints(max_length=512)] = ""
    """Why nothing can be decided about the target, and what to do about it; mostly empty."""


class Intervention(Resource):
    """An Intervention with the metadata that decisions use."""

    metadata: Metadata
    """Name, uid, versions."""
    spec: InterventionSpec
    """What a person asked."""
    status: InterventionStatus = InterventionStatus()
    """The answer."""
