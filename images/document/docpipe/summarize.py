"""`summarize`: the document's own sentences that stand for the whole (extractive)."""

from __future__ import annotations

import numpy as np

import stagekit
from docpipe import methods, outputs, params, sentences, sources, telling, vectors
from docpipe.encoder import Vectors
from docpipe.outputs import Embed, Markdown, Sentence, Summarize

STAGE = "summarize"
SENTENCES = 5


def builtin(ctx: stagekit.Context, text: str, about: Markdown) -> Summarize:
    """Sentences near the mean of all chunks' vectors, none like another."""
    count = params.number(ctx, "sentences", SENTENCES, least=1, most=40)
    by = vectors.comparison_for(text)
    found = sentences.sentences(text)
    if not found:
        raise stagekit.Skip("NoSentences", "the document has no sentences to choose from")
    middle = _middle(ctx) if by == "embeddings" else None
    picked = telling.chosen(found, count, by, middle)
    kept = [
        Sentence(
            each.sentence.text,
            each.sentence.start,
            sources.pages_between(about, each.sentence.start, each.sentence.start + 1),
            each.weight,
        )
        for each in picked
    ]
    whole = " ".join(each.text for each in kept)
    return Summarize(methods.BUILTIN, by, len(found), whole, kept)


def _middle(ctx: stagekit.Context) -> Vectors | None:
    """The mean of the chunks' vectors; only the encoder's own can be compared with sentences."""
    if not ctx.inputs.has("embed", "embed.json"):
        return None
    about = outputs.read(ctx.inputs.file("embed", "embed.json"), Embed)
    if about.method != methods.BUILTIN:
        return None
    rows = np.load(ctx.inputs.file("embed", about.file), allow_pickle=False)
    return np.asarray(rows.mean(axis=0), dtype=np.float32)


METHODS = {methods.BUILTIN: builtin}


def run(ctx: stagekit.Context) -> None:
    """Writes `summarize.json`."""
    method = methods.chosen(ctx, METHODS)
    text, about = sources.document(ctx)
    made = method(ctx, text, about)
    outputs.write(ctx.outputs, STAGE, made)
    ctx.value("summary", made.summary[:200])
    ctx.value("method", made.method)
