"""Pictures inside documents: what is written in them, within limits. Child only."""

# ruff: noqa: PLC0415  (Tesseract is loaded only where there is a picture to read)

from __future__ import annotations

import hashlib
import io
import time

import stagekit
from docpipe import limits
from docpipe.reading import pictures


class Illustrations:
    """Reads the pictures of one document; `notes` say what was not read, and why."""

    def __init__(self, languages: str) -> None:
        self._languages = languages
        self._known: dict[bytes, str] = {}
        self._seconds = 0.0
        self._beyond = 0
        self._unread: set[str] = set()

    @property
    def notes(self) -> list[str]:
        """A sentence for every kind of thing that was left out."""
        beyond = f"{self._beyond} picture(s) were not read: there are too many in the document"
        return [*sorted(self._unread), *([beyond] if self._beyond else [])]

    def leave_out(self, why: str) -> str:
        """Notes a picture that cannot be read; it has no words."""
        self._unread.add(f"a picture was left out: {why}")
        return ""

    def words_in(self, content: bytes) -> str:
        """What is written in a picture, in one line; empty where nothing surely is."""
        key = hashlib.sha256(content).digest()
        if key not in self._known:
            if self._seconds > limits.ILLUSTRATION_SECONDS:
                self._beyond += 1
                return ""
            began = time.monotonic()
            self._known[key] = self._read(content)
            self._seconds += time.monotonic() - began
        return self._known[key]

    def _read(self, content: bytes) -> str:
        try:
            image = pictures.opened(io.BytesIO(content))
            if min(image.size) < limits.LEAST_ILLUSTRATION:
                return ""
            page = pictures.decoded(image, 1)
            from docpipe.reading.ocr import scans

            reading = scans.read_page(page, self._languages, turn=False)
        except (stagekit.Refused, MemoryError, ValueError, RuntimeError):
            return self.leave_out("it is damaged, or of a kind that is not read here")
        if reading.confidence < scans.UNSURE:
            return ""
        return " ".join(reading.text.replace("[", "(").replace("]", ")").split())
