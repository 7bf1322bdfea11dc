"""`embed`: a vector for every chunk, batch by batch; each batch is an item.

What the encoder cannot read gets vectors of parts of words, under a method name of their own
(`embeddings.NGRAMS`); one method for the whole document.
Method `onnx` computes the network in the folder that the pipeline names; `space` tells its vectors
from those of another one.
Method `endpoint` asks the embeddings endpoint. Vectors of two models cannot be compared: where the
endpoint goes away midway and the built-in method goes on, it does the earlier batches again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import modelcalls
import numpy as np
import stagefiles
from modelcalls import methods

import stagekit
from docpipe import inputs
from docpipe.encoding import embeddings
from docpipe.encoding.encoder import Vectors
from docpipe.outputs import Embed, Piece
from stagekit import Item

STAGE = "embed"
VECTORS = "vectors.npy"
BATCH = 16
"""Chunks that are computed at once."""


def builtin(texts: Sequence[str], by: str = methods.BUILTIN) -> Vectors:
    """MiniLM, computed by numpy; or parts of words, where `by` is `embeddings.NGRAMS`."""
    return embeddings.encode(texts, by)


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
    methods.check_asking(ctx, methods.ONNX)
    chunks = inputs.chunks(ctx).chunks
    if ctx.method == methods.ONNX:
        by_network(ctx, chunks)
        return
    choice = modelcalls.Choice(ctx, "embeddings")
    endpoint = choice.model  # it is gone from the choice after a fallback
    own = cache(lambda: embeddings.method_for("\n".join(piece.text for piece in chunks)))
    ids: list[str] = []
    done: list[_Batch] = []
    for item in _batches(ctx, chunks):
        with item:
            texts = [_with_heading(piece) for piece in item.value]
            known = done[0].rows.shape[1] if done else 0
            rows = choice.run(
                endpoint=lambda model, t=texts, k=known: by_endpoint(model, t, k),
                builtin=lambda t=texts: builtin(t, own()),
            )
            done.append(_Batch(texts, rows, is_asked=choice.model is not None))
            ids.extend(piece.id for piece in item.value)
    if not done:
        return  # every batch failed: the items say why
    if choice.model is None:
        done = [
            batch._replace(rows=builtin(batch.texts, own())) if batch.is_asked else batch
            for batch in done
        ]
        ctx.values.pop("model_machine", None)
    vectors = np.concatenate([batch.rows for batch in done])
    by = methods.ENDPOINT if choice.model else own()
    machine = endpoint.machine if endpoint and by == methods.ENDPOINT else None
    _leave(ctx, vectors, Embed(by, int(vectors.shape[1]), ids, machine=machine, space=by))


def by_network(ctx: stagekit.Context, chunks: list[Piece]) -> None:
    """The same by the pipeline's own network; refuses a model that is absent or does not fit."""
    from docpipe.encoding.onnx_encoder import OnnxEncoder  # noqa: PLC0415  (only where a model is given)

    model = OnnxEncoder(ctx.model_folder())
    ids: list[str] = []
    done: list[Vectors] = []
    for item in _batches(ctx, chunks):
        with item:
            done.append(model.encode([_with_heading(piece) for piece in item.value]))
            ids.extend(piece.id for piece in item.value)
    if done:
        about = Embed(methods.ONNX, model.dimensions, ids, space=model.space)
        _leave(ctx, np.concatenate(done), about)


def _batches(ctx: stagekit.Context, chunks: list[Piece]) -> Iterator[Item[list[Piece]]]:
    batches = [chunks[start : start + BATCH] for start in range(0, len(chunks), BATCH)]
    return ctx.items(batches, key=lambda batch: f"{batch[0].id}-{batch[-1].id}")


def _leave(ctx: stagekit.Context, vectors: Vectors, about: Embed) -> None:
    np.save(ctx.outputs / VECTORS, vectors)
    ctx.method_used = about.method
    stagefiles.write(ctx, STAGE, about)
    ctx.value("vectors", len(about.ids))
    ctx.value("dimensions", about.dimensions)
    ctx.value("method", about.method)


def _with_heading(piece: Piece) -> str:
    """A chunk under its section's heading, where it does not show it itself."""
    if piece.section and piece.section not in piece.text:
        return f"{piece.section}\n\n{piece.text}"
    return piece.text
