"""Sentences of a Markdown text, each as it stands there; headings, tables and code are none."""

# ruff: noqa: RUF001  (marks of other scripts are meant)

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_BLOCK: Final = re.compile(r"(?:[^\n]+\n?)+")
_NO_PROSE: Final = re.compile(r"^\s*(?:#|\||```|>|\[picture|!\[|---)")
_END: Final = re.compile(
    r"""(?<=[.!?。！？…])["'”’)\]]*\s+(?=["'“‘(\[]?[A-Z0-9가-힣\u3040-\u30ff\u4e00-\u9fffА-Я])"""
    # A list's entry is a sentence's beginning, whatever the one before ended with.
    r"|\n(?=[ \t]*(?:[-*•]|\d{1,2}[.)])[ \t])"
)
_SHORT_WORD: Final = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|Nos|Fig|Figs|Sec|vs|etc|approx|cf|al|e\.g|i\.e|p|pp|Vol|Jan|"
    r"Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)|\b[A-Z])\.$"
)
SHORTEST: Final = 20
LONGEST: Final = 600


class Sentence(NamedTuple):
    """A sentence and the character at which it begins."""

    text: str
    start: int


def sentences(markdown: str) -> list[Sentence]:
    """Sentences of prose that are neither crumbs nor whole pages."""
    return [
        sentence
        for block in _BLOCK.finditer(markdown)
        if not _NO_PROSE.match(block[0])
        for sentence in _parted(block[0], block.start())
        if least(sentence.text) <= len(sentence.text) <= LONGEST
        and any(map(str.isalpha, sentence.text))
    ]


def least(text: str) -> int:
    """Korean and Chinese say in half as many characters what English says."""
    return SHORTEST if text.isascii() else SHORTEST // 2


def _parted(block: str, start: int) -> Iterator[Sentence]:
    begin = 0
    for end in _END.finditer(block):
        if _SHORT_WORD.search(block[begin : end.start()]):
            continue
        yield _sentence(block[begin : end.end()], start + begin)
        begin = end.end()
    yield _sentence(block[begin:], start + begin)


def _sentence(raw: str, start: int) -> Sentence:
    bullet = re.match(r"\s*(?:[-*•] |\d{1,2}[.)] )?\s*", raw)
    lead = bullet.end() if bullet else 0
    return Sentence(" ".join(raw[lead:].split()), start + lead)
