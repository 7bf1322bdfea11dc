"""The tokens of a text for a model of the pipeline's own: by its vocab.txt or tokenizer.json.

`vocab.txt` is for uncased BERT models, which `wordpiece` knows. All others, those for many
languages before all, bring a `tokenizer.json`, which the library that made it reads.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

import msgspec
from onnxmodels import Folder, broken

from docpipe.encoding.wordpiece import WordPiece

VOCABULARY: Final = "vocab.txt"
TOKENIZER: Final = "tokenizer.json"
_PADS: Final = ("<pad>", "[PAD]")


class SpecialTokens(NamedTuple):
    """What stands before and behind each text, and what fills up the shorter ones of a batch."""

    before: tuple[int, ...]
    behind: tuple[int, ...]
    pad: int


class Tokenizer(Protocol):
    """Cuts texts."""

    special: SpecialTokens

    def tokens(self, text: str) -> list[int]:
        """The numbers of a text's tokens, without the special ones."""
        ...


class _WordPieceTokenizer:
    """By vocab.txt."""

    def __init__(self, folder: Folder) -> None:
        try:
            self._words = WordPiece(folder.file(VOCABULARY))
        except (KeyError, ValueError) as error:
            raise broken(f"{VOCABULARY} is none of an uncased BERT: {error} is missing") from error
        self.special = SpecialTokens((self._words.first,), (self._words.last,), 0)

    def tokens(self, text: str) -> list[int]:
        return self._words.tokens(text)


class _DescribedTokenizer:
    """By tokenizer.json."""

    def __init__(self, folder: Folder) -> None:
        import tokenizers  # noqa: PLC0415  (only where a model wants it)

        raw = folder.file(TOKENIZER).read_bytes()
        try:
            # The library panics over what is no JSON at all.
            msgspec.json.decode(raw)
            self._tokenizer = tokenizers.Tokenizer.from_str(raw.decode("utf-8"))
        except Exception as error:  # the library raises no others
            raise broken(f"{TOKENIZER} cannot be read: save it again") from error
        self._tokenizer.no_truncation()
        padding = self._tokenizer.padding
        self._tokenizer.no_padding()
        known = (self._tokenizer.token_to_id(pad) for pad in _PADS)
        pad = padding["pad_id"] if padding else next((n for n in known if n is not None), 0)
        self.special = self._special_tokens(pad)

    def tokens(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def _special_tokens(self, pad: int) -> SpecialTokens:
        """Seen on a short text: what is added before and behind it."""
        plain, marked = self.tokens("a"), self._tokenizer.encode("a").ids
        for start in range(len(marked) - len(plain) + 1):
            if marked[start : start + len(plain)] == plain:
                return SpecialTokens(
                    tuple(marked[:start]), tuple(marked[start + len(plain) :]), pad
                )
        raise broken(f"{TOKENIZER} puts special tokens into the text: that is not known here")


def tokenizer_of(folder: Folder) -> tuple[Tokenizer, str]:
    """The tokenizer of a model, and the file that it comes from; tokenizer.json wins."""
    if folder.has(TOKENIZER):
        return _DescribedTokenizer(folder), TOKENIZER
    return _WordPieceTokenizer(folder), VOCABULARY
