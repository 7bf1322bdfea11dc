"""An encoder from a model's folder: tokens in, one vector of length 1 a text out.

1. A text is cut as the model wants it (`tokens`); a longer one than the network reads is read in
   windows, as by the built-in encoder.
2. The network's `sentence_embedding` is taken as it is; of vectors of all tokens
   (`last_hidden_state`), the mean over the tokens or the first one, as `model.json` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from onnxmodels import Embedding, Folder, Network, broken
from onnxmodels.folder import ABOUT

from docpipe.encoding import tokens
from docpipe.encoding.encoder import Vectors, by_windows

_PREFERRED: Final = ("sentence_embedding", "last_hidden_state", "token_embeddings")
_KNOWN: Final = frozenset({"input_ids", "attention_mask", "token_type_ids"})
_SIDES_BY_TOKEN: Final = 3
"""Of an output with a vector a token: texts, tokens, numbers."""


class OnnxEncoder:
    """A model's folder, opened; raises Refused where anything in it does not fit."""

    def __init__(self, place: Path) -> None:
        folder = Folder(place)
        self._about = folder.about(Embedding)
        self._tokenizer, described_in = tokens.tokenizer_of(folder)
        self._network = Network(folder)
        self.space = f"onnx-{folder.digest(ABOUT, described_in)}"
        """Names what the vectors can be compared with: those of the same model."""
        self._rows, self._length = self._sides()
        self._output = self._chosen_output()
        special = self._tokenizer.special
        self._prefix = self._tokenizer.tokens(self._about.prefix) if self._about.prefix else []
        most = min(self._about.most_pieces, self._length or self._about.most_pieces)
        self._window = most - len(special.before) - len(special.behind) - len(self._prefix)
        if self._window < 1:
            raise broken(f"the network reads {most} tokens: too few for special ones and prefix")
        # Tried once, so that a network that does not fit ends the stage and not each batch.
        self.dimensions = int(self.encode(["a"]).shape[1])

    def encode(self, texts: Sequence[str], batch: int = 16) -> Vectors:
        """One vector a text; raises Refused where the network computes none."""
        numbers = [self._tokenizer.tokens(text) for text in texts]
        vectors = by_windows(numbers, self._window, self._rows or batch, self._means)
        if not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3):
            raise broken("the network gives a vector without direction: export it again")
        return vectors

    def _means(self, windows: Sequence[Sequence[int]]) -> Vectors:
        special = self._tokenizer.special
        whole = [[*special.before, *self._prefix, *window, *special.behind] for window in windows]
        rows = self._rows or len(whole)
        longest = self._length or max(map(len, whole))
        ids = np.full((rows, longest), special.pad, dtype=np.int64)
        mask = np.zeros((rows, longest), dtype=np.int64)
        for row, numbers in enumerate(whole):
            ids[row, : len(numbers)] = numbers
            mask[row, : len(numbers)] = 1
        mask[len(whole) :, 0] = 1  # rows that only fill a batch of fixed size
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        wanted = {slot.name for slot in self._network.inputs}
        made = self._network.run({n: v for n, v in feeds.items() if n in wanted}, self._output)
        return self._pooled(made, mask)[: len(whole)]

    def _pooled(self, made: Vectors, mask: NDArray[np.int64]) -> Vectors:
        if made.ndim == _SIDES_BY_TOKEN and made.shape[:2] == mask.shape:
            if self._about.pooling == "first":
                return made[:, 0]
            kept = mask[:, :, None].astype(np.float32)
            return np.asarray((made * kept).sum(axis=1) / kept.sum(axis=1), dtype=np.float32)
        if made.ndim == _SIDES_BY_TOKEN - 1 and made.shape[0] == mask.shape[0]:
            return made
        shape = "x".join(map(str, made.shape)) or "one number"
        raise broken(f"the network gives {shape}: no vector a text, and none a token")

    def _sides(self) -> tuple[int | None, int | None]:
        """How many texts and tokens the network reads at once, where that is fixed."""
        slots = {slot.name: slot for slot in self._network.inputs}
        if "input_ids" not in slots or not _KNOWN.issuperset(slots):
            known = ", ".join(sorted(_KNOWN))
            raise broken(f"the network's inputs are none of a text encoder: {known}")
        sides = slots["input_ids"].sides
        if len(sides) != _SIDES_BY_TOKEN - 1:
            raise broken("the network's input_ids has no rows of tokens: export it again")
        return sides[0], sides[1]

    def _chosen_output(self) -> str:
        names = [slot.name for slot in self._network.outputs]
        return next((name for name in _PREFERRED if name in names), names[0])
