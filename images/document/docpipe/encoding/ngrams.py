"""Vectors of texts in scripts that the encoder cannot read, made without a model.

1. A text is cut into words; endings that only bind words together go, common words are left out.
2. A word gives features: the whole, its runs of two syllables, and its runs of three letters, with
   syllables taken apart: "닫다" and "닫힌" share what they have in common.
3. Each feature falls into one of DIMENSIONS places by its hash, with a sign, weighed by how often
   it occurs and by how much its kind tells. The vector has length 1.

They find texts that share words or parts of words, and know nothing of meaning. The weights are the
same for every text, so vectors of different documents can be compared with each other, and with a
question's; with vectors of other methods they cannot.
"""

from __future__ import annotations

import math
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from docpipe.encoding.encoder import Vectors
from docpipe.text import keywords

DIMENSIONS: Final = 2048
"""Places of a vector: with fewer, features of a chunk fall on each other too often."""
WHOLE, SYLLABLES, LETTERS = 1.0, 1.0, 0.5
"""What a feature of each kind weighs."""


def encode(texts: Sequence[str]) -> Vectors:
    """One row a text; one without words has the vector of nothing, which is still of length 1."""
    rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        for (feature, weight), count in Counter(_features(text)).items():
            number = zlib.crc32(feature.encode("utf-8", "replace"))
            sign = 1.0 if number & 1 else -1.0
            row[(number >> 1) % DIMENSIONS] += sign * weight * (1 + math.log(count))
        if not row.any():
            row[0] = 1.0
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def _features(text: str) -> Iterator[tuple[str, float]]:
    for word in keywords.words(unicodedata.normalize("NFC", text)):
        yield f"w {word}", WHOLE
        for n in range(len(word) - 1):
            yield f"s {word[n : n + 2]}", SYLLABLES
        letters = unicodedata.normalize("NFD", word)
        for n in range(len(letters) - 2):
            yield f"l {letters[n : n + 3]}", LETTERS
