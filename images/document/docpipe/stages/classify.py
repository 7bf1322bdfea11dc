"""`classify`: which label the document is nearest to.

1. Each label has beginnings of documents of its kind; the param `labels` gives others.
2. The document's beginning, its title before all, is compared with them: by the encoder's vectors,
   or by parts of words where the encoder cannot read it. Its two nearest beginnings count.
3. The markers of a kind, as `Dear` or `제1조`, are added: they tell the form, vectors the matter.
4. With hardly a lead over the second label the document is `unknown`, with a small one unsure.

Method `endpoint` has the chat endpoint choose one of the same labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import modelcalls
import numpy as np
import stagefiles
from modelcalls import methods

import stagekit
from docpipe import inputs, params, prompts
from docpipe.encoding import embeddings
from docpipe.encoding.encoder import Vectors
from docpipe.outputs import Chunk, Classify, Score
from docpipe.text import labels, markers, scripts

STAGE = "classify"
UNKNOWN_BELOW: Final = 0.05
"""The least lead over the second label with which the first is named."""
SURE: Final = 0.1
"""The least lead with which it is called sure."""
MARKERS: Final = 0.2
"""What a label full of its markers gains, in cosine."""
BEGINNING: Final = 1500
"""Characters of the document that are compared: they tell its kind, what follows its matter."""
_MOST_LABELS = 50


def builtin(ctx: stagekit.Context, chunks: Chunk) -> Classify:
    """The label with the nearest beginnings and the most markers."""
    known = _known(ctx)
    return judged([piece.text for piece in chunks.chunks], known)


def judged(
    texts: Sequence[str], known: Mapping[str, Sequence[str]], weight: float = MARKERS
) -> Classify:
    """The label of a document in chunks, among labels with examples; `weight` is of markers."""
    whole = "\n\n".join(texts)
    by = embeddings.method_for(whole)
    fitting = {label: _fitting(own, by) for label, own in known.items()}
    examples = _encoded(tuple(example for own in fitting.values() for example in own), by)
    near = examples @ embeddings.encode([whole[:BEGINNING]], by)[0]
    fullness = markers.shares(whole)
    scores: list[Score] = []
    start = 0
    for label, own in known.items():
        two = np.sort(near[start : start + len(fitting[label])])[-2:]
        full = fullness.get(label, 0.0) if own == labels.LABELS.get(label) else 0.0
        scores.append(Score(label, round(float(two.mean()) + weight * full, 4)))
        start += len(fitting[label])
    scores.sort(key=lambda score: (-score.score, score.label))
    margin = scores[0].score - scores[1].score if len(scores) > 1 else scores[0].score
    margin = round(margin, 4)
    script = scripts.main_script(whole)
    note = (
        "" if by == methods.BUILTIN else f"compared by letters: the encoder knows little {script}"
    )
    label = scores[0].label if margin >= UNKNOWN_BELOW else labels.UNKNOWN
    return Classify(methods.BUILTIN, label, margin, margin >= SURE, scores, note)


def _fitting(examples: Sequence[str], by: str) -> list[str]:
    """The examples that this way of comparing can read; all of them where it can read none."""
    return [example for example in examples if embeddings.method_for(example) == by] or list(
        examples
    )


@lru_cache(maxsize=8)
def _encoded(examples: tuple[str, ...], by: str) -> Vectors:
    return embeddings.encode(examples, by)


def _known(ctx: stagekit.Context) -> Mapping[str, Sequence[str]]:
    given = params.words(ctx, "labels")
    if len(given) > _MOST_LABELS or any(len(label) > 80 for label in given):
        raise stagekit.Refused("BadParam", f"labels: at most {_MOST_LABELS}, of 80 characters each")
    if not given:
        return labels.LABELS
    return {label: labels.LABELS.get(label, (label, f"This is about {label}.")) for label in given}


def by_endpoint(model: modelcalls.Model, ctx: stagekit.Context, chunks: Chunk) -> Classify:
    """The label that the chat endpoint chooses; no other fits its reply."""
    known = _known(ctx)
    excerpt = prompts.shortened([piece.text for piece in chunks.chunks])
    reply = model.ask(
        [modelcalls.system(prompts.CHOOSE), modelcalls.user(excerpt)], prompts.label(list(known))
    )
    return Classify(
        methods.ENDPOINT, reply.label, None, sure=reply.sure, scores=[], machine=model.machine
    )


def run(ctx: stagekit.Context) -> None:
    """Writes `classify.json`."""
    methods.check_asking(ctx)
    chunks = inputs.chunks(ctx)
    made = modelcalls.run(
        ctx,
        "chat",
        endpoint=lambda model: by_endpoint(model, ctx, chunks),
        builtin=lambda: builtin(ctx, chunks),
    )
    stagefiles.write(ctx, STAGE, made)
    ctx.value("label", made.label)
    ctx.value("sure", made.sure)
    if made.margin is not None:
        ctx.value("margin", made.margin)
    ctx.value("method", made.method)
