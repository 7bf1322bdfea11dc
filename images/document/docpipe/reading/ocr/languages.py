"""The languages that scanned pages can be read in: Tesseract's names, and `auto`."""

from __future__ import annotations

from typing import Final

KNOWN: Final = ("auto", "eng", "kor", "eng+kor", "kor+eng")
"""The first is the default: it looks at the letters that are found."""
