"""Embeddings by the built-in methods: vectors of texts, and of a question by the same method.

`embed.json` names the method of its vectors. Numbers of two methods have nothing to do with each
other, so whoever asks gives that name, and a question is never compared with vectors of another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from modelcalls import methods

from docpipe.encoding import coverage, encoder, ngrams
from docpipe.encoding.encoder import Vectors

NGRAMS: Final = f"{methods.BUILTIN}-ngrams"
"""The built-in method for texts that the encoder cannot read: parts of words, and no model."""


class NotComparable(Exception):  # noqa: N818  (said as it is)
    """Vectors of this method cannot be made here."""


def _encoded(texts: Sequence[str]) -> Vectors:
    return encoder.builtin().encode(texts)


_MADE_BY: Final[dict[str, Callable[[Sequence[str]], Vectors]]] = {
    methods.BUILTIN: _encoded,
    NGRAMS: ngrams.encode,
}


def method_for(text: str) -> str:
    """The built-in method that tells more about a text: one for a whole document."""
    return methods.BUILTIN if coverage.suffices(text) else NGRAMS


def encode(texts: Sequence[str], method: str) -> Vectors:
    """Texts or questions as vectors of a built-in method; raises NotComparable for any other."""
    made_by = _MADE_BY.get(method)
    if made_by is None:
        raise NotComparable(f"vectors of the method {method!r} are not made here")
    return made_by(texts)
