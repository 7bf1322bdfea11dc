"""The note in a target's status of an Intervention that it has carried out; of every kind."""

from typing import Annotated

from pydantic import Field, StringConstraints

from stagework.api.base import TOTAL_MAX, Observed, ShortText


class Answered(Observed):
    """An Intervention whose effect is already in this status; its own answer may still follow."""

    uid: ShortText
    """Uid of the Intervention."""
    affected: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """Stages that it changed."""
    refused: Annotated[str, StringConstraints(max_length=512)] = ""
    """Refused stages with reasons, as `stage=Reason` separated by commas."""
