"""`summarize`: the document's own sentences that stand for the whole (extractive).

Method `endpoint` has the chat endpoint write the summary in words of its own.
"""

from __future__ import annotations

import modelcalls
import numpy as np
import stagefiles
from modelcalls import methods

import stagekit
from docpipe import inputs, outputs, params, prompts
from docpipe.encoding import comparison
from docpipe.encoding.encoder import Vectors
from docpipe.outputs import Embed, Markdown, Summarize
from docpipe.text import salience, sentences
from docpipe.text.sentences import Sentence

STAGE = "summarize"
SENTENCES = 5


def builtin(
    ctx: stagekit.Context, text: str, about: Markdown, candidates: list[Sentence]
) -> Summarize:
    """Sentences near the mean of all chunks' vectors, none like another."""
    count = _count(ctx)
    by = comparison.comparison_for(text)
    middle = _middle(ctx) if by == "embeddings" else None
    chosen = salience.most_salient(
        candidates, count, lambda texts: comparison.encode(texts, by), middle
    )
    summary = " ".join(sentence.text for sentence, _ in chosen)
    own = [
        outputs.Sentence(text, start, inputs.pages_between(about, start, start + 1), weight)
        for (text, start), weight in chosen
    ]
    return Summarize(methods.BUILTIN, by, len(candidates), summary, own)


def _middle(ctx: stagekit.Context) -> Vectors | None:
    """The mean of the chunks' vectors; only the encoder's own can be compared with sentences."""
    if not stagefiles.is_left_by(ctx, "embed"):
        return None
    about = stagefiles.left_by(ctx, "embed", Embed)
    if about.method != methods.BUILTIN:
        return None
    rows = np.load(ctx.inputs.file("embed", about.file), allow_pickle=False)
    return np.asarray(rows.mean(axis=0), dtype=np.float32)


def by_endpoint(
    model: modelcalls.Model, ctx: stagekit.Context, candidates: list[Sentence]
) -> Summarize:
    """The chat endpoint's summary; of a long document it is shown sentences from all of it."""
    task = modelcalls.system(prompts.SUMMARIZE.format(count=_count(ctx)))
    excerpt = prompts.shortened([sentence.text for sentence in candidates])
    reply = model.ask([task, modelcalls.user(excerpt)], prompts.summary())
    return Summarize(methods.ENDPOINT, None, len(candidates), reply.summary, [], model.machine)


def _count(ctx: stagekit.Context) -> int:
    return params.number(ctx, "sentences", SENTENCES, least=1, most=40)


def run(ctx: stagekit.Context) -> None:
    """Writes `summarize.json`."""
    methods.check_asking(ctx)
    text, about = inputs.document(ctx)
    candidates = sentences.sentences(text)
    if not candidates:
        raise stagekit.Skip("NoSentences", "the document has no sentences to choose from")
    made = modelcalls.run(
        ctx,
        "chat",
        endpoint=lambda model: by_endpoint(model, ctx, candidates),
        builtin=lambda: builtin(ctx, text, about, candidates),
    )
    stagefiles.write(ctx, STAGE, made)
    if made.method == methods.BUILTIN:
        # A model's summary is a reply: it stays in the file.
        ctx.value("summary", made.summary[:200])
    ctx.value("method", made.method)
