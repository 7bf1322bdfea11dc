"""`summarize`: the document's own sentences that stand for the whole (extractive).

Method `endpoint` has the chat endpoint write the summary in words of its own.
"""

from __future__ import annotations

import modelcalls
import numpy as np
from modelcalls import methods

import stagekit
from docpipe import inputs, outputs, params, prompts
from docpipe.encoding import comparison
from docpipe.encoding.encoder import Vectors
from docpipe.outputs import Embed, Markdown, Sentence, Summarize
from docpipe.text import salience, sentences
from docpipe.text.sentences import Found

STAGE = "summarize"
SENTENCES = 5


def builtin(ctx: stagekit.Context, text: str, about: Markdown, found: list[Found]) -> Summarize:
    """Sentences near the mean of all chunks' vectors, none like another."""
    count = _count(ctx)
    by = comparison.comparison_for(text)
    middle = _middle(ctx) if by == "embeddings" else None
    picked = salience.chosen(found, count, by, middle)
    kept = [
        Sentence(
            each.sentence.text,
            each.sentence.start,
            inputs.pages_between(about, each.sentence.start, each.sentence.start + 1),
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


def by_endpoint(model: modelcalls.Model, ctx: stagekit.Context, found: list[Found]) -> Summarize:
    """The chat endpoint's summary; of a long document it is shown sentences from all of it."""
    wanted = modelcalls.system(prompts.SUMMARIZE.format(count=_count(ctx)))
    about = prompts.shortened([each.text for each in found])
    said = model.ask([wanted, modelcalls.user(about)], prompts.summary())
    return Summarize(methods.ENDPOINT, None, len(found), said.summary, [], model.machine)


def _count(ctx: stagekit.Context) -> int:
    return params.number(ctx, "sentences", SENTENCES, least=1, most=40)


def run(ctx: stagekit.Context) -> None:
    """Writes `summarize.json`."""
    methods.check_asking(ctx)
    text, about = inputs.document(ctx)
    found = sentences.sentences(text)
    if not found:
        raise stagekit.Skip("NoSentences", "the document has no sentences to choose from")
    made = modelcalls.run(
        ctx,
        "chat",
        endpoint=lambda model: by_endpoint(model, ctx, found),
        builtin=lambda: builtin(ctx, text, about, found),
    )
    outputs.write(ctx.outputs, STAGE, made)
    if made.method == methods.BUILTIN:
        # A model's summary is a reply: it stays in the file.
        ctx.value("summary", made.summary[:200])
    ctx.value("method", made.method)
