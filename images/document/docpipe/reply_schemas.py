"""The schemas that replies of model endpoints must fit."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints, create_model

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Summary(BaseModel):
    """What a text says."""

    summary: Text = Field(max_length=6000, description="the sentences of the summary, as prose")


class Label(BaseModel):
    """A label, and whether it was an easy choice."""

    label: str = Field(description="one of the known labels, as it stands")
    sure: bool = Field(description="true where no other label fits about as well")


def label_among(known: Sequence[str]) -> type[Label]:
    """`Label` with these labels only."""
    only: Any = Literal[tuple(known)]
    return create_model("Label", __base__=Label, label=(only, ...))
