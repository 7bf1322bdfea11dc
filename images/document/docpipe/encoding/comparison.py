"""Vectors that compare the sentences of one document with each other.

The encoder's, or of letters where it cannot read the text: letter triples weighted by how rare they
are among the compared texts. Those tell best what belongs together in one document, and nothing
beyond it, so they are never kept. Outputs say which were used.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import numpy as np
from modelcalls import methods

from docpipe.encoding import embeddings, encoder
from docpipe.encoding.encoder import Vectors

Comparison = Literal["embeddings", "letters"]


def comparison_for(text: str) -> Comparison:
    """Which vectors tell more about a text; it is the encoder's where `embed` takes it, too."""
    return "embeddings" if embeddings.method_for(text) == methods.BUILTIN else "letters"


def encode(texts: Sequence[str], by: Comparison) -> Vectors:
    """One row of length 1 a text."""
    return encoder.builtin().encode(texts) if by == "embeddings" else by_letters(texts)


def by_letters(texts: Sequence[str]) -> Vectors:
    """Letter triples within words, each weighted by how few of the texts have it."""
    counts = [Counter(_triples(text)) for text in texts]
    spread = Counter(triple for count_of in counts for triple in count_of)
    columns = {triple: n for n, triple in enumerate(sorted(spread))}
    rows = np.zeros((len(texts), max(len(columns), 1)), dtype=np.float32)
    for row, count_of in zip(rows, counts, strict=True):
        for triple, count in count_of.items():
            rarity = math.log((1 + len(texts)) / (1 + spread[triple])) + 1
            row[columns[triple]] = (1 + math.log(count)) * rarity
    return encoder.of_length_one(rows)


def _triples(text: str) -> list[str]:
    words = ("".join(c for c in word if c.isalnum()) for word in text.casefold().split())
    bounded = (f" {word} " for word in words if word)
    return [word[n : n + 3] for word in bounded for n in range(len(word) - 2)]
