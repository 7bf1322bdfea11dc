"""`Intervention`: what a person asks of a run (Retry, Skip); immutable, answered once, kept."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from stagework.api.base import (
    COUNT_MAX,
    TOTAL_MAX,
    Metadata,
    Observed,
    Resource,
    ShortText,
    Time,
)
from stagework.api.stages import ObjectName, StageName

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


class InterventionSpec(Resource):
    """Who asks what of which run, and why; cannot be changed."""

    target: Target
    """The run."""
    verb: Word
    """Retry: a new attempt, its descendants wait again. Skip: done without being run."""
    stages: list[StageName] = Field(
        default=[], max_length=64, json_schema_extra={"x-list-type": "set"}
    )
    """Stages; absent with Retry: every failed stage."""
    attempt: int | None = Field(default=None, ge=1, le=COUNT_MAX)
    """Refused where this is no longer the stage's current attempt: a double click is harmless."""
    descendants: Literal["NotRun", "Run"] = "NotRun"
    """Skip only: whether the stages that depend on it run all the same."""
    reason: Annotated[str, StringConstraints(max_length=256)] = ""
    """Why; kept in the history."""
    requestedBy: ShortText = ""
    """Who asks; an admission policy demands that it is the requester."""


class RefusedStage(Observed):
    """A stage that was not changed, and why."""

    stage: Annotated[str, StringConstraints(max_length=63)]
    """Name of the stage; empty where the whole request was refused."""
    reason: Annotated[str, StringConstraints(max_length=63)]
    """Why, as one word."""


class InterventionStatus(Observed):
    """The answer; written once."""

    answered: Time | None = None
    """When it was answered."""
    requested: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Stages asked for."""
    affected: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Stages changed."""
    refused: list[RefusedStage] = Field(default=[], max_length=64)
    """Stages not changed, with reasons."""
    summary: Annotated[str, StringConstraints(max_length=63)] = ""
    """Done, PartlyDone or Refused."""


class Intervention(Resource):
    """An Intervention with the metadata that decisions use."""

    metadata: Metadata
    """Name, uid, versions."""
    spec: InterventionSpec
    """What a person asked."""
    status: InterventionStatus = InterventionStatus()
    """The answer."""
