"""`classify`: which label the document is nearest to.

1. Each label has phrases; the param `labels` gives others.
2. The nearness of a chunk to a label is that of its nearest phrase; a document's is the mean over
   its chunks, of which the first counts twice: beginnings tell most.
3. A small lead over the second label is said to be unsure, and not hidden.

Method `endpoint` has the chat endpoint choose one of the same labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import modelcalls
import numpy as np

import stagekit
from docpipe import (
    encoder,
    labels,
    methods,
    outputs,
    params,
    questions,
    scripts,
    sources,
    vectors,
)
from docpipe.encoder import Vectors
from docpipe.outputs import Chunk, Classify, Embed, Score

STAGE = "classify"
SURE = 0.03
"""The least lead, in cosine, with which a label is called sure."""
_MOST_LABELS = 50


def builtin(ctx: stagekit.Context, chunks: Chunk) -> Classify:
    """The nearest label by the encoder's vectors, or by letters in scripts unknown to it."""
    known = _known(ctx)
    texts = [piece.text for piece in chunks.chunks]
    phrases = [phrase for each in known.values() for phrase in each]
    by = vectors.comparison_for("\n".join(texts))
    if by == "embeddings":
        rows, marks = _chunk_vectors(ctx, texts), encoder.loaded().encode(phrases)
    else:
        both = vectors.of_letters([*texts, *phrases])
        rows, marks = both[: len(texts)], both[len(texts) :]
    weights = np.ones(len(rows))
    weights[0] = 2.0
    means: list[Score] = []
    at = 0
    for label, own in known.items():
        near = (rows @ marks[at : at + len(own)].T).max(axis=1)
        means.append(Score(label, round(float(np.average(near, weights=weights)), 4)))
        at += len(own)
    means.sort(key=lambda score: (-score.score, score.label))
    margin = round(means[0].score - means[1].score, 4) if len(means) > 1 else means[0].score
    script = scripts.main_script("\n".join(texts))
    note = "" if by == "embeddings" else f"compared by letters: the encoder knows little {script}"
    return Classify(methods.BUILTIN, means[0].label, margin, margin >= SURE, means, note)


def _known(ctx: stagekit.Context) -> Mapping[str, Sequence[str]]:
    given = params.words(ctx, "labels")
    if len(given) > _MOST_LABELS or any(len(label) > 80 for label in given):
        raise stagekit.Refused("BadParam", f"labels: at most {_MOST_LABELS}, of 80 characters each")
    if not given:
        return labels.LABELS
    return {label: labels.LABELS.get(label, (label, f"This is about {label}.")) for label in given}


def _chunk_vectors(ctx: stagekit.Context, texts: list[str]) -> Vectors:
    """Those of the stage embed where they are the encoder's own, else computed here."""
    if ctx.inputs.has("embed", "embed.json"):
        about = outputs.read(ctx.inputs.file("embed", "embed.json"), Embed)
        if about.method == methods.BUILTIN:
            return np.load(ctx.inputs.file("embed", about.file), allow_pickle=False)
    return encoder.loaded().encode(texts[:64])


def by_endpoint(model: modelcalls.Model, ctx: stagekit.Context, chunks: Chunk) -> Classify:
    """The label that the chat endpoint chooses; no other fits its reply."""
    known = _known(ctx)
    about = questions.shortened([piece.text for piece in chunks.chunks])
    said = model.ask(
        [modelcalls.system(questions.CHOOSE), modelcalls.user(about)], questions.label(list(known))
    )
    return Classify(
        methods.ENDPOINT, said.label, None, sure=said.sure, scores=[], machine=model.machine
    )


def run(ctx: stagekit.Context) -> None:
    """Writes `classify.json`."""
    methods.check_asking(ctx)
    chunks = sources.chunks(ctx)
    made = modelcalls.run(
        ctx,
        "chat",
        endpoint=lambda model: by_endpoint(model, ctx, chunks),
        builtin=lambda: builtin(ctx, chunks),
    )
    outputs.write(ctx.outputs, STAGE, made)
    ctx.value("label", made.label)
    ctx.value("sure", made.sure)
    if made.margin is not None:
        ctx.value("margin", made.margin)
    ctx.value("method", made.method)
