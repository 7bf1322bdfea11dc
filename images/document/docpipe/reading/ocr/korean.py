"""Pages mostly in Korean: Tesseract's Korean model reads, the English one only helps it out.

1. Tesseract's search for blocks loses lines of Korean pages: read as one column, they stay. Columns
   are found in the picture (`gutters`), each is read on its own.
2. Debian's Korean model knows some thousand of the syllables and hardly a Latin letter. Read with
   both models, a syllable unknown to the one is taken for English letters by the other. So the
   Korean model reads alone, and of the reading by both only English words are taken over that
   are sure, and surer than what the Korean model reads in their place.
"""

from __future__ import annotations

from typing import Final

from PIL import Image

from docpipe.reading.ocr import gutters, recognition
from docpipe.reading.ocr.recognition import Row, Word
from docpipe.text.scripts import is_hangul

SURE: Final = 0.85
"""The least confidence of an English word on a Korean page."""
LETTERS: Final = 3
"""The least length of one that stands alone: two letters are mostly a misread syllable."""
MOSTLY: Final = 0.2
"""The share of Korean among a page's letters from which on it is read as a Korean page."""


def share(text: str) -> float:
    """Korean among the letters of a text, from 0 to 1."""
    letters = [c for c in text if c.isalpha()]
    return sum(map(is_hangul, letters)) / len(letters) if letters else 0.0


def rows(page: Image.Image, languages: str) -> tuple[list[Row], str]:
    """The page's rows, column by column, and the languages that were of use."""
    read: list[Row] = []
    helped = False
    for left, top, right, bottom in gutters.columns_of(page):
        part, with_english = _column(page.crop((left, top, right, bottom)), languages)
        read += [[recognition.moved(word, left, top) for word in row] for row in part]
        helped = helped or with_english
    return read, "kor+eng" if helped else "kor"


def _column(page: Image.Image, languages: str) -> tuple[list[Row], bool]:
    """The rows of a page of one column, and whether English words were taken over."""
    korean = recognition.rows(page, "kor", recognition.COLUMN)
    if languages == "kor":
        return korean, False
    both = recognition.rows(page, "kor+eng", recognition.COLUMN)
    helped = [_is_put(korean, word) for row in both for word in english_words(row)]
    return korean, any(helped)


def english_words(row: Row) -> Row:
    """The words of a row that are English without doubt, and the short ones beside them."""
    sure = [word.confidence >= SURE and _latin(word) > 0 for word in row]
    long = [is_sure and _latin(word) >= LETTERS for is_sure, word in zip(sure, row, strict=True)]
    beside = [a or b for a, b in zip([False, *long[:-1]], [*long[1:], False], strict=True)]
    return [
        word
        for word, is_sure, is_long, is_beside in zip(row, sure, long, beside, strict=True)
        if is_long or (is_sure and is_beside)
    ]


def _latin(word: Word) -> int:
    return sum(c.isascii() and c.isalpha() for c in word.text)


def _is_put(rows_read: list[Row], word: Word) -> bool:
    """Puts a word in the place of less sure ones in its box; a row of its own where none is."""
    row = max(rows_read, key=lambda row: _shared_height(row, word), default=None)
    if row is None or _shared_height(row, word) <= 0:
        below = (n for n, other in enumerate(rows_read) if other[0].box[1] > word.box[1])
        rows_read.insert(next(below, len(rows_read)), [word])
        return True
    place = sum(_middle(other) < word.box[0] for other in row)
    left, _, right, _ = word.box
    others = [other for other in row if not left <= _middle(other) <= right]
    if recognition.confidence([[other for other in row if other not in others]]) >= word.confidence:
        return False
    place = min(place, len(others))
    row[:] = [*others[:place], word, *others[place:]]
    return True


def _middle(word: Word) -> float:
    return (word.box[0] + word.box[2]) / 2


def _shared_height(row: Row, word: Word) -> float:
    """How much of a word's height lies in the row, in pixels; negative beside it."""
    top, bottom = min(w.box[1] for w in row), max(w.box[3] for w in row)
    return min(bottom, word.box[3]) - max(top, word.box[1])
