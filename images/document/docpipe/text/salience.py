"""Which sentences stand for a text: near its middle, early in it, and not saying the same twice."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from docpipe.encoding import comparison
from docpipe.encoding.encoder import Vectors
from docpipe.text.sentences import Found

_REPEATED: Final = 0.4
"""How much nearness to a sentence already chosen takes away."""
MOST: Final = 160
"""Sentences that are compared; of more, an even choice over the text."""


class Chosen(NamedTuple):
    """A sentence that was chosen, and its weight."""

    sentence: Found
    weight: float


def chosen(
    found: list[Found], count: int, by: comparison.Comparison, middle: Vectors | None = None
) -> list[Chosen]:
    """The `count` most telling sentences in the text's order.

    `middle` is the mean vector of the whole text, where the caller has one by the same comparison.
    """
    some = (
        found
        if len(found) <= MOST
        else [found[int(n)] for n in np.linspace(0, len(found) - 1, MOST)]
    )
    if not some:
        return []
    rows = comparison.of([each.text for each in some], by)
    return _picked(some, rows, count, rows.mean(axis=0) if middle is None else middle)


def _picked(some: list[Found], rows: Vectors, count: int, middle: Vectors) -> list[Chosen]:
    places = np.arange(len(some)) / max(len(some), 1)
    weights = rows @ middle / max(float(np.linalg.norm(middle)), 1e-9) + 0.1 * np.exp(-4 * places)
    left, picked = set(range(len(some))), list[int]()
    while left and len(picked) < count:
        near = (rows @ rows[picked].T).max(axis=1) if picked else np.zeros(len(some))
        values = weights - _REPEATED * near
        best = max(left, key=lambda n: (float(values[n]), -n))
        picked.append(best)
        left.remove(best)
        same = {n for n in left if float(rows[n] @ rows[best]) > 0.92}
        left -= same
    return [Chosen(some[n], round(float(weights[n]), 4)) for n in sorted(picked)]
