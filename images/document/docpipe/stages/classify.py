"""`classify`: which label the document is nearest to.

1. Each label has beginnings of documents of its kind; the param `labels` gives others.
2. The document's beginning, its title before all, is compared with them: by the encoder's vectors,
   or by parts of words where the encoder cannot read it. Its two nearest beginnings count.
3. The marks of a kind, as `Dear` or `제1조`, are added: they tell the form, vectors the matter.
4. With hardly a lead over the second label the document is `unknown`, with a small one unsure.

Method `endpoint` has the chat endpoint choose one of the same labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import modelcalls
import numpy as np
from modelcalls import methods

import stagekit
from docpipe import inputs, outputs, params, prompts
from docpipe.encoding import embeddings
from docpipe.encoding.encoder import Vectors
from docpipe.outputs import Chunk, Classify, Score
from docpipe.text import labels, markers, scripts

STAGE = "classify"
UNKNOWN_BELOW: Final = 0.05
"""The least lead over the second label with which the first is named."""
SURE: Final = 0.1
"""The least lead with which it is called sure."""
CUES: Final = 0.2
"""What a label full of its marks gains, in cosine."""
BEGINNING: Final = 1500
"""Characters of the document that are compared: they tell its kind, what follows its matter."""
_MOST_LABELS = 50


def builtin(ctx: stagekit.Context, chunks: Chunk) -> Classify:
    """The label with the nearest beginnings and the most marks."""
    known = _known(ctx)
    return judged([piece.text for piece in chunks.chunks], known)


def judged(
    texts: Sequence[str], known: Mapping[str, Sequence[str]], weight: float = CUES
) -> Classify:
    """The label of a document in chunks, among labels with their examples; `weight` is of marks."""
    whole = "\n\n".join(texts)
    by = embeddings.builtin_for(whole)
    fitting = {label: _fitting(own, by) for label, own in known.items()}
    examples = _encoded(tuple(each for own in fitting.values() for each in own), by)
    near = examples @ embeddings.encode([whole[:BEGINNING]], by)[0]
    marks = markers.shares(whole)
    found: list[Score] = []
    at = 0
    for label, own in known.items():
        two = np.sort(near[at : at + len(fitting[label])])[-2:]
        full = marks.get(label, 0.0) if own == labels.LABELS.get(label) else 0.0
        found.append(Score(label, round(float(two.mean()) + weight * full, 4)))
        at += len(fitting[label])
    found.sort(key=lambda score: (-score.score, score.label))
    margin = round(found[0].score - found[1].score, 4) if len(found) > 1 else found[0].score
    script = scripts.main_script(whole)
    note = (
        "" if by == methods.BUILTIN else f"compared by letters: the encoder knows little {script}"
    )
    label = found[0].label if margin >= UNKNOWN_BELOW else labels.UNKNOWN
    return Classify(methods.BUILTIN, label, margin, margin >= SURE, found, note)


def _fitting(examples: Sequence[str], by: str) -> list[str]:
    """The examples that this way of comparing can read; all of them where it can read none."""
    return [each for each in examples if embeddings.builtin_for(each) == by] or list(examples)


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
    about = prompts.shortened([piece.text for piece in chunks.chunks])
    said = model.ask(
        [modelcalls.system(prompts.CHOOSE), modelcalls.user(about)], prompts.label(list(known))
    )
    return Classify(
        methods.ENDPOINT, said.label, None, sure=said.sure, scores=[], machine=model.machine
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
    outputs.write(ctx.outputs, STAGE, made)
    ctx.value("label", made.label)
    ctx.value("sure", made.sure)
    if made.margin is not None:
        ctx.value("margin", made.margin)
    ctx.value("method", made.method)
