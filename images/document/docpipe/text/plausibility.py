"""Whether a text is in some language: text layers of odd fonts are letters without sense."""

from __future__ import annotations

import re
from typing import Final

LEAST_WORDS: Final = 12
"""Fewer words are believed: they may be names and numbers."""
_LIKE_WORDS: Final = 0.5
"""The share of words that have to look like some."""
_VOWELS: Final = 0.2
"""The least share of vowels among Latin letters; languages have a third and more."""
_LATIN: Final = re.compile(r"[A-Za-z\u00c0-\u024f]+(?:['\u2019-][A-Za-z\u00c0-\u024f]+)*")
_VOWEL: Final = re.compile(r"[aeiouyAEIOUY\u00c0-\u024f]")
_CASE: Final = re.compile(r"[a-z][A-Z]")
_AROUND: Final = ".,;:!?()[]{}\"'“”‘’«»·…*/"  # noqa: RUF001
_UNMAPPED: Final = re.compile(r"[\ufffd\ue000-\uf8ff]")


def is_language(text: str) -> bool:
    """Whether most words look like words of a language, or like numbers."""
    words = [stripped for word in text.split() if (stripped := word.strip(_AROUND))]
    if len(words) < LEAST_WORDS:
        return not _UNMAPPED.search(text)
    latin = "".join(word for word in words if _LATIN.fullmatch(word))
    if len(_VOWEL.findall(latin)) < _VOWELS * len(latin):
        return False
    return sum(map(_is_like_a_word, words)) >= _LIKE_WORDS * len(words)


def _is_like_a_word(word: str) -> bool:
    if _UNMAPPED.search(word):
        return False
    if _LATIN.fullmatch(word):
        short = len(word) <= 3 or word.isupper()
        return (
            (short or _VOWEL.search(word) is not None) and not _CASE.search(word) and len(word) < 30
        )
    if any(map(str.isdigit, word)):
        return sum(map(str.isalnum, word)) * 2 > len(word)
    return all(c.isalpha() or c in "-'’" for c in word) and not word.isascii()  # noqa: RUF001
