"""Coverage: how much of a text the encoder's vocabulary knows, and so whether its vectors help.

Where a vocabulary has words and parts of words, it knows the language. Where it has only single
letters, as this one has for Korean, Greek or Cyrillic, or nothing at all, the model has learned
next to nothing about what they say. No list of scripts is needed, and another model answers for
itself.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Final

from docpipe.encoding import encoder
from docpipe.encoding.wordpiece import WordPiece

LEAST: Final = 0.5
"""The share of letters in tokens of two and more from which on the encoder is of use."""
_MOST_CHARACTERS: Final = 50_000
"""Of a text that are counted."""


def suffices(text: str) -> bool:
    """Whether the encoder's vectors tell something about a text; one without letters passes."""
    return share(text) >= LEAST


def share(text: str) -> float:
    """The letters that the encoder meets in tokens of two and more, from 0 to 1."""
    words, lengths = _vocabulary(encoder.folder())
    known = total = 0
    for word, count in Counter(text[:_MOST_CHARACTERS].split()).items():
        if not any(map(str.isalpha, word)):
            continue
        for number in words.tokens(word):
            # An unknown word is one token, however long it is.
            length = len(word) if number == words.unknown else lengths[number]
            total += length * count
            if number != words.unknown and length > 1:
                known += length * count
    return known / total if total else 1.0


@lru_cache(maxsize=2)
def _vocabulary(folder: Path) -> tuple[WordPiece, list[int]]:
    path = folder / "vocab.txt"
    tokens = path.read_text(encoding="utf-8").split("\n")
    return WordPiece(path), [len(token.removeprefix("##")) for token in tokens]
