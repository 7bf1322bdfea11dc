"""`embed`: a vector for every chunk, batch by batch; each batch is an item.

Method `endpoint` asks the embeddings endpoint. Vectors of two models cannot be compared: where the
endpoint goes away midway and the built-in method goes on, it does the earlier batches again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import modelcalls
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


def by_endpoint(model: modelcalls.Model, texts: Sequence[str], dimensions: int) -> Vectors:
    """The endpoint's vectors, of length 1; `dimensions` of those before, 0 for the first."""
    rows = np.asarray(model.embed(texts), dtype=np.float32)
    if dimensions not in {0, rows.shape[1]}:
        raise modelcalls.ReplyInvalid("the vectors are not as long as those before")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and lengths.all()):
        raise modelcalls.ReplyInvalid("a vector has no direction")
    return rows / lengths


class _Batch(NamedTuple):
    """A batch that is done; `is_asked`: by the endpoint."""

    texts: list[str]
    rows: Vectors
    is_asked: bool


def run(ctx: stagekit.Context) -> None:
    """Writes `embed.json` and `vectors.npy`; a batch that fails leaves its chunks out."""
    methods.check_asking(ctx)
    chunks = sources.chunks(ctx).chunks
    choice = modelcalls.Choice(ctx, "embeddings")
    asked = choice.model
    batches = [chunks[start : start + BATCH] for start in range(0, len(chunks), BATCH)]
    ids: list[str] = []
    done: list[_Batch] = []
    for item in ctx.items(batches, key=lambda batch: f"{batch[0].id}-{batch[-1].id}"):
        with item:
            those = [_telling(piece) for piece in item.value]
            known = done[0].rows.shape[1] if done else 0
            rows = choice.run(
                endpoint=lambda model, t=those, k=known: by_endpoint(model, t, k),
                builtin=lambda t=those: builtin(t),
            )
            done.append(_Batch(those, rows, is_asked=choice.model is not None))
            ids.extend(piece.id for piece in item.value)
    if not done:
        return  # every batch failed: the items say why
    if choice.model is None:
        done = [each._replace(rows=builtin(each.texts)) if each.is_asked else each for each in done]
        ctx.values.pop("model_machine", None)
    vectors = np.concatenate([each.rows for each in done])
    np.save(ctx.outputs / VECTORS, vectors)
    by = methods.ENDPOINT if choice.model else methods.BUILTIN
    ctx.method_used = by
    machine = asked.machine if asked and by == methods.ENDPOINT else None
    about = Embed(by, int(vectors.shape[1]), ids, machine=machine)
    outputs.write(ctx.outputs, STAGE, about)
    ctx.value("vectors", len(ids))
    ctx.value("dimensions", about.dimensions)
    ctx.value("method", about.method)


def _telling(piece: Piece) -> str:
    """A chunk under its section's heading, where it does not show it itself."""
    if piece.section and piece.section not in piece.text:
        return f"{piece.section}\n\n{piece.text}"
    return piece.text
