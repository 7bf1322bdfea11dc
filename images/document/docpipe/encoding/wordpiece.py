"""WordPiece, as uncased BERT models want their text: words, then the longest known tokens.

1. Control characters go, white space becomes a space, each Chinese character stands alone.
2. Letters are decomposed, lose their accents and their case. Korean syllables fall apart into
   their letters here; so it is in the model's own training.
3. Words end at spaces and around each punctuation mark.
4. A word is cut into the longest tokens of the vocabulary; one that cannot be is unknown.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

_LONGEST_WORD = 100
_CHINESE = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip


class WordPiece:
    """Turns text into the numbers of its tokens."""

    def __init__(self, vocabulary: Path) -> None:
        lines = vocabulary.read_text(encoding="utf-8").split("\n")
        self._numbers = {token: number for number, token in enumerate(lines) if token}
        self.unknown = self._numbers["[UNK]"]
        self.first = self._numbers["[CLS]"]
        self.last = self._numbers["[SEP]"]
        self._cut = lru_cache(maxsize=20_000)(self._tokens_of)

    def tokens(self, text: str) -> list[int]:
        """The tokens of a text, without those of beginning and end."""
        return [number for word in _words(text) for number in self._cut(word)]

    def _tokens_of(self, word: str) -> tuple[int, ...]:
        if len(word) > _LONGEST_WORD:
            return (self.unknown,)
        numbers: list[int] = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            for end in range(len(word), start, -1):
                number = self._numbers.get(prefix + word[start:end])
                if number is not None:
                    numbers.append(number)
                    start = end
                    break
            else:
                return (self.unknown,)
        return tuple(numbers)


def _words(text: str) -> Iterator[str]:
    spaced = "".join(map(_cleaned, text))
    plain = unicodedata.normalize("NFD", spaced)
    plain = "".join(c for c in plain if unicodedata.category(c) != "Mn").lower()
    word: list[str] = []
    for letter in plain:
        if letter.isspace() or _is_punctuation(letter):
            if word:
                yield "".join(word)
                word.clear()
            if not letter.isspace():
                yield letter
        else:
            word.append(letter)
    if word:
        yield "".join(word)


@lru_cache(maxsize=20_000)
def _cleaned(letter: str) -> str:
    if letter in "\t\n\r":
        return " "
    code = ord(letter)
    if code in (0, 0xFFFD) or unicodedata.category(letter) in ("Cc", "Cf", "Cn", "Co", "Cs"):
        return ""
    if letter.isspace():
        return " "
    return f" {letter} " if any(a <= code <= b for a, b in _CHINESE) else letter


@lru_cache(maxsize=20_000)
def _is_punctuation(letter: str) -> bool:
    # ASCII marks such as $ and ^ are symbols to Unicode, and marks to the model.
    if letter.isascii():
        return not letter.isalnum() and not letter.isspace()
    return unicodedata.category(letter).startswith("P")
