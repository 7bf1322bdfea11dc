"""`fulltext`: a search index of the document as one file; `python -m docpipe search` asks it."""

from __future__ import annotations

import stagefiles
from modelcalls import methods

import stagekit
from docpipe import inputs
from docpipe.outputs import Chunk, Fulltext
from docpipe.text import search_index

STAGE = "fulltext"
INDEX = "index.sqlite"


def builtin(ctx: stagekit.Context, chunks: Chunk) -> Fulltext:
    """SQLite FTS5 over trigrams."""
    path = ctx.outputs / INDEX
    path.unlink(missing_ok=True)  # a second try in the same folder
    entries = search_index.build(path, chunks.chunks)
    return Fulltext(methods.BUILTIN, entries, path.stat().st_size)


METHODS = {methods.BUILTIN: builtin}


def run(ctx: stagekit.Context) -> None:
    """Writes `fulltext.json` and `index.sqlite`."""
    made = methods.chosen(ctx, METHODS)(ctx, inputs.chunks(ctx))
    stagefiles.write(ctx, STAGE, made)
    ctx.value("entries", made.entries)
    ctx.value("kilobytes", made.bytes // 1000)
    ctx.value("method", made.method)
