"""Vectors of texts for the stages that compare: the encoder's, or of letters where it is no help.

The encoder learned English. For a text mostly in another script, vectors of letter triples
(weighted by rarity) tell better what belongs together; outputs say which were used.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import numpy as np

from docpipe.encoding import encoder
from docpipe.encoding.encoder import Vectors
from docpipe.text import scripts

Comparison = Literal["embeddings", "letters"]


def comparison_for(text: str) -> Comparison:
    """Which vectors tell more about a text."""
    return "embeddings" if scripts.shares(text[:200_000]).get("Latin", 0) >= 0.5 else "letters"


def of(texts: Sequence[str], by: Comparison) -> Vectors:
    """One row of length 1 a text."""
    return encoder.loaded().encode(texts) if by == "embeddings" else of_letters(texts)


def of_letters(texts: Sequence[str]) -> Vectors:
    """Letter triples within words, each weighted by how few of the texts have it."""
    counts = [Counter(_triples(text)) for text in texts]
    spread = Counter(triple for each in counts for triple in each)
    columns = {triple: n for n, triple in enumerate(sorted(spread))}
    rows = np.zeros((len(texts), max(len(columns), 1)), dtype=np.float32)
    for row, each in zip(rows, counts, strict=True):
        for triple, count in each.items():
            rarity = math.log((1 + len(texts)) / (1 + spread[triple])) + 1
            row[columns[triple]] = (1 + math.log(count)) * rarity
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float32)


def _triples(text: str) -> list[str]:
    words = ("".join(c for c in word if c.isalnum()) for word in text.casefold().split())
    marked = (f" {word} " for word in words if word)
    return [word[n : n + 3] for word in marked for n in range(len(word) - 2)]
