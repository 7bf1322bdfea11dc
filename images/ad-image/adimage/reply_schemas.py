"""The schemas that replies of model endpoints must fit."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Description(BaseModel):
    """What is in a picture."""

    subject: Line = Field(max_length=80, description="the main thing or person, in a few words")
    description: Line = Field(max_length=400, description="one or two sentences")
    mood: Line = Field(max_length=60, description="the mood, in a few words")


class Opinion(BaseModel):
    """One rule's score."""

    score: float = Field(ge=0, le=1)
    sentence: Line = Field(max_length=200, description="what was seen, in one sentence")


class Verdict(BaseModel):
    """An opinion on each rule of `vlm_judge`."""

    inside_frame: Opinion = Field(description="no letter is cut off")
    off_product: Opinion = Field(description="no text stands on a person or an object")
    contrast: Opinion = Field(description="every line is easy to tell from what is behind it")
    margins: Opinion = Field(description="the text keeps away from the frame")
    balance: Opinion = Field(description="text and product together have their middle in the frame")
    headline_size: Opinion = Field(description="the headline can be read in a small thumbnail")
    hierarchy: Opinion = Field(description="headline and subline differ clearly in size")


class Words(BaseModel):
    """What an advertisement says."""

    headline: Line = Field(max_length=40)
    subline: Line = Field(max_length=70)
