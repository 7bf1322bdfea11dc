"""The prompts that model endpoints get about pictures, with the schemas of their replies.

The schemas are pydantic models, imported only where an endpoint is asked: that takes a moment.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import modelcalls
from PIL import Image

from adimage.arrays import Pixels, image_of

if TYPE_CHECKING:
    from adimage.reply_schemas import Description, Verdict, Words

LONGEST_SIDE = 1024
"""Models look at pictures of about this size; larger ones only cost time."""
DESCRIBE = (
    "You look at pictures for advertisements. Say what is in the picture: its subject, "
    "a description in one or two sentences, and its mood in a few words."
)
JUDGE = (
    "You judge advertisements strictly. Score each rule from 0 (broken) to 1 (fully kept) for the "
    "picture that you see, and give one short sentence on what you saw."
)
WRITE = (
    "You write advertisements. Write a headline of at most 40 characters and a subline of at most "
    "70 characters for what you are told, in the language that you are told. No quotation marks, "
    "no emoji."
)


def small(pixels: Pixels) -> modelcalls.Message:
    """A picture as a part of a message."""
    image = image_of(pixels)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    held = io.BytesIO()
    image.save(held, "PNG")
    return modelcalls.picture(held.getvalue())


def description() -> type[Description]:
    """The schema of a description."""
    from adimage.reply_schemas import Description  # noqa: PLC0415

    return Description


def verdict() -> type[Verdict]:
    """The schema of a verdict."""
    from adimage.reply_schemas import Verdict  # noqa: PLC0415

    return Verdict


def words() -> type[Words]:
    """The schema of an advertisement's words."""
    from adimage.reply_schemas import Words  # noqa: PLC0415

    return Words
