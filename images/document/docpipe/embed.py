"""`embed`: a vector for every chunk, batch by batch; each batch is an item."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import stagekit
from docpipe import encoder, methods, outputs, sources
from docpipe.encoder import Vectors
from docpipe.outputs import Embed, Piece

STAGE = "embed"
VECTORS = "vectors.npy"
BATCH = 16
"""Chunks that are computed at once."""


def builtin(texts: Sequence[str]) -> Vectors:
    """MiniLM, computed by numpy."""
    return encoder.loaded().encode(texts)


METHODS = {methods.BUILTIN: builtin}


def run(ctx: stagekit.Context) -> None:
    """Writes `embed.json` and `vectors.npy`; a batch that fails leaves its chunks out."""
    method = methods.chosen(ctx, METHODS)
    chunks = sources.chunks(ctx).chunks
    batches = [chunks[start : start + BATCH] for start in range(0, len(chunks), BATCH)]
    ids: list[str] = []
    rows: list[Vectors] = []
    for item in ctx.items(batches, key=lambda batch: f"{batch[0].id}-{batch[-1].id}"):
        with item:
            rows.append(method([_telling(piece) for piece in item.value]))
            ids.extend(piece.id for piece in item.value)
    if not rows:
        return  # every batch failed: the items say why
    vectors = np.concatenate(rows)
    np.save(ctx.outputs / VECTORS, vectors)
    made = Embed(ctx.method or methods.BUILTIN, int(vectors.shape[1]), ids)
    outputs.write(ctx.outputs, STAGE, made)
    ctx.value("vectors", len(ids))
    ctx.value("dimensions", made.dimensions)
    ctx.value("method", made.method)


def _telling(piece: Piece) -> str:
    """A chunk under its section's heading, where it does not show it itself."""
    if piece.section and piece.section not in piece.text:
        return f"{piece.section}\n\n{piece.text}"
    return piece.text
