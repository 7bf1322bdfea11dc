"""Salience: which sentences stand for a text.

Those near its middle, early in it, and not saying the same twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from docpipe.text.sentences import Sentence

Vectors = NDArray[np.float32]
"""One row a sentence, each of length 1."""

_REPEATED: Final = 0.4
"""How much nearness to a sentence already chosen takes away."""
_SAME: Final = 0.92
"""The cosine from which on two sentences say the same."""
MOST: Final = 160
"""Sentences that are compared; of more, an even choice over the text."""


class Salient(NamedTuple):
    """A sentence that was chosen, and its weight."""

    sentence: Sentence
    weight: float


def most_salient(
    sentences: Sequence[Sentence],
    count: int,
    encode: Callable[[Sequence[str]], Vectors],
    middle: Vectors | None = None,
) -> list[Salient]:
    """The `count` most salient sentences in the text's order.

    `encode` makes the vectors that are compared; `middle` is the mean vector of the whole text,
    where the caller has one that was made in the same way.
    """
    if not sentences:
        return []
    compared = _even_choice(sentences)
    rows = encode([sentence.text for sentence in compared])
    return _chosen(compared, rows, count, rows.mean(axis=0) if middle is None else middle)


def _even_choice(sentences: Sequence[Sentence]) -> Sequence[Sentence]:
    if len(sentences) <= MOST:
        return sentences
    return [sentences[int(n)] for n in np.linspace(0, len(sentences) - 1, MOST)]


def _chosen(
    sentences: Sequence[Sentence], rows: Vectors, count: int, middle: Vectors
) -> list[Salient]:
    places = np.arange(len(sentences)) / max(len(sentences), 1)
    weights = rows @ middle / max(float(np.linalg.norm(middle)), 1e-9) + 0.1 * np.exp(-4 * places)
    left, chosen = set(range(len(sentences))), list[int]()
    while left and len(chosen) < count:
        nearness = (rows @ rows[chosen].T).max(axis=1) if chosen else np.zeros(len(sentences))
        values = weights - _REPEATED * nearness
        best = max(left, key=lambda n: (float(values[n]), -n))
        chosen.append(best)
        left.remove(best)
        left -= {n for n in left if float(rows[n] @ rows[best]) > _SAME}
    return [Salient(sentences[n], round(float(weights[n]), 4)) for n in sorted(chosen)]
