"""What an administrator asks of the API service about orphans, and its answer."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from stagework.api.stages import MAX_SECONDS


class RecoverRequest(BaseModel):
    """What `POST /v1/recover` takes."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    namespace: Annotated[str, StringConstraints(max_length=63)] = ""
    """Runs of this namespace; empty: of all."""
    timeoutSeconds: int = Field(default=1800, ge=1, le=MAX_SECONDS)
    """For how long nothing must have proved that a stage lives."""
    dryRun: bool = False
    """True: only say what would be done."""
    reason: Annotated[str, StringConstraints(max_length=256)] = ""
    """Why; kept in the history."""


class SuspectedStage(BaseModel):
    """A stage of which it is not known whether its process lives."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    namespace: str
    """Namespace of its run."""
    run: str
    """Name of its run."""
    stage: str
    """Its name."""
    attempt: int
    """Its attempt."""
    kind: str
    """Of what the run belongs to."""
    parent: str
    """Name of that."""
    machine: str
    """Machine class."""
    node: str
    """Node, as far as it is known."""
    cause: str
    """Why it is suspected, as one word."""
    since: str | None
    """Since when; null where its machine is away."""
    action: str
    """`fail` or `skip`."""
    skipped: str
    """Why it is left alone."""


class RecoverAnswer(BaseModel):
    """What was found, and what was done about it; the old command's counts are among it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    dry_run: bool
    """Nothing was written."""
    found_count: int
    """Stages that are suspected."""
    recovered_count: int
    """Of these those that are declared failed."""
    skipped_count: int
    """The others."""
    by_kind: dict[str, int]
    """Those declared failed, by what their runs belong to."""
    by_cause: dict[str, int]
    """Likewise, by cause."""
    parents_updated: list[str]
    """What has another status afterwards, as Kind/namespace/name."""
    stages: list[SuspectedStage]
    """All that were found."""
