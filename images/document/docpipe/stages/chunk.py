"""`chunk`: the Markdown in pieces that end where a section, paragraph or sentence ends.

No chunk holds parts of two sections, but that a heading with little below it goes with the next.
"""

from __future__ import annotations

from collections.abc import Iterator

import stagefiles
from modelcalls import methods
from semantic_text_splitter import MarkdownSplitter

import stagekit
from docpipe import inputs, params
from docpipe.outputs import Chunk, Markdown, Piece
from docpipe.text import scripts

STAGE = "chunk"
CAPACITY = 900
"""Characters of a chunk: about what the encoder reads at once."""
DENSE_CAPACITY = 350
"""The same for Korean, Chinese and Japanese, where a character says more."""
CRUMB = 80
"""A part with fewer characters than this is no section of its own."""
_DENSE = {"Hangul", "Han", "Kana"}


def builtin(ctx: stagekit.Context, text: str, about: Markdown) -> Chunk:
    """semantic-text-splitter, by characters."""
    dense = scripts.main_script(text[:200_000]) in _DENSE
    capacity = params.number(
        ctx, "chunk_size", DENSE_CAPACITY if dense else CAPACITY, least=100, most=8000
    )
    splitter = MarkdownSplitter((capacity // 2, capacity))
    made: list[Piece] = []
    for section, first, last in _sections(text, about):
        for offset, piece in splitter.chunk_indices(text[first:last]):
            start, end = first + offset, first + offset + len(piece)
            pages = inputs.pages_between(about, start, end)
            made.append(Piece(f"c{len(made) + 1:04}", start, end, pages, section, piece))
    return Chunk(methods.BUILTIN, capacity, made)


def _sections(text: str, about: Markdown) -> Iterator[tuple[str, int, int]]:
    """Each section's heading, begin and end."""
    start, name = 0, ""
    for heading in about.headings:
        if heading.start - start >= CRUMB:
            yield name, start, heading.start
            start = heading.start
        name = heading.text
    yield name, start, len(text)


METHODS = {methods.BUILTIN: builtin}


def run(ctx: stagekit.Context) -> None:
    """Writes `chunk.json`."""
    method = methods.chosen(ctx, METHODS)
    text, about = inputs.document(ctx)
    made = method(ctx, text, about)
    stagefiles.write(ctx, STAGE, made)
    ctx.value("chunks", len(made.chunks))
    ctx.value("capacity", made.capacity)
    ctx.value("method", made.method)
