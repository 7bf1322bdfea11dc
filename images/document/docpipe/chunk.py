"""`chunk`: the Markdown in pieces that end where a section, paragraph or sentence ends."""

from __future__ import annotations

from bisect import bisect_right

from semantic_text_splitter import MarkdownSplitter

import stagekit
from docpipe import methods, outputs, params, scripts, sources
from docpipe.outputs import Chunk, Markdown, Piece

STAGE = "chunk"
CAPACITY = 900
"""Characters of a chunk: about what the encoder reads at once."""
DENSE_CAPACITY = 350
"""The same for Korean, Chinese and Japanese, where a character says more."""
_DENSE = {"Hangul", "Han", "Kana"}


def builtin(ctx: stagekit.Context, text: str, about: Markdown) -> Chunk:
    """semantic-text-splitter, by characters."""
    dense = scripts.main_script(text[:200_000]) in _DENSE
    capacity = params.number(
        ctx, "chunk_size", DENSE_CAPACITY if dense else CAPACITY, least=100, most=8000
    )
    splitter = MarkdownSplitter((capacity // 2, capacity))
    starts = [heading.start for heading in about.headings]
    made: list[Piece] = []
    for start, piece in splitter.chunk_indices(text):
        end = start + len(piece)
        # The section is the one in which most of a chunk lies: a heading may open the chunk.
        at = bisect_right(starts, start + len(piece) // 3) - 1
        section = about.headings[at].text if at >= 0 else ""
        pages = sources.pages_between(about, start, end)
        made.append(Piece(f"c{len(made) + 1:04}", start, end, pages, section, piece))
    return Chunk(methods.BUILTIN, capacity, made)


METHODS = {methods.BUILTIN: builtin}


def run(ctx: stagekit.Context) -> None:
    """Writes `chunk.json`."""
    method = methods.chosen(ctx, METHODS)
    text, about = sources.document(ctx)
    made = method(ctx, text, about)
    outputs.write(ctx.outputs, STAGE, made)
    ctx.value("chunks", len(made.chunks))
    ctx.value("capacity", made.capacity)
    ctx.value("method", made.method)
