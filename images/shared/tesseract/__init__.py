"""tesseract: Tesseract as a library, called in one way by all images, with Debian's language data.

A page goes in, its parts (words or lines) come out as Tesseract found them. How a page is made
ready, and what its parts mean, is the image's own matter.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final, Protocol, cast

import tesserocr
from PIL import Image

__all__ = ["LANGUAGE_DATA", "Part", "Read", "mean_confidence", "opened", "recognized", "text_of"]

LANGUAGE_DATA: Final = Path("/usr/share/tesseract-ocr/5/tessdata")
"""Where Debian's language data are; the variable TESSDATA_PREFIX names another folder."""


class Part(Protocol):
    """What is used of tesserocr's iterator, whose own types say little."""

    def GetUTF8Text(self, level: int) -> str: ...  # noqa: N802

    def BoundingBox(self, level: int) -> tuple[int, int, int, int] | None: ...  # noqa: N802

    def Confidence(self, level: int) -> float: ...  # noqa: N802

    def IsAtBeginningOf(self, level: int) -> bool: ...  # noqa: N802


class Read(Protocol):
    """A word or line that was read, and a confidence from 0 to 1."""

    @property
    def text(self) -> str: ...

    @property
    def confidence(self) -> float: ...


def opened(languages: str, blocks: tesserocr.PSM) -> tesserocr.PyTessBaseAPI:
    """Tesseract with these languages, such as `kor+eng`; to be closed as a context manager."""
    data = os.environ.get("TESSDATA_PREFIX", str(LANGUAGE_DATA))
    return tesserocr.PyTessBaseAPI(path=data, lang=languages, psm=blocks)


def recognized(
    api: tesserocr.PyTessBaseAPI, page: Image.Image, level: tesserocr.RIL, dots: int
) -> Iterable[Part]:
    """The parts of a page at a level of `tesserocr.RIL`; `dots` are the page's dots an inch.

    They can be read as long as the page is the last one that `api` was given.
    """
    api.SetImage(page)  # pyright: ignore[reportUnknownMemberType]
    api.SetSourceResolution(dots)
    api.Recognize()
    parts = tesserocr.iterate_level(api.GetIterator(), level)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return cast("Iterable[Part]", parts)


def text_of(part: Part, level: int) -> str | None:
    """A part's text without space around it; None where Tesseract says that there is none."""
    try:
        return part.GetUTF8Text(level).strip()
    except RuntimeError:  # "No text returned": how tesserocr says it
        return None


def mean_confidence(parts: Collection[Read]) -> float:
    """The mean over all letters, from 0 to 1; 0 where there are none."""
    letters = sum(len(part.text) for part in parts)
    return sum(part.confidence * len(part.text) for part in parts) / letters if letters else 0.0
