"""The encoder computes what the original computes; its vectors were kept by compare_encoder.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from docpipe.encoding import encoder
from docpipe.encoding.wordpiece import WordPiece

KEPT: dict[str, Any] = json.loads(Path(__file__).with_name("original_vectors.json").read_text())
TEXTS: list[dict[str, Any]] = KEPT["texts"]


def test_the_kept_vectors_are_those_of_the_original() -> None:
    assert "torch" in KEPT["made_by"]
    assert KEPT["measured"]["largest_difference"] < 1e-4
    assert KEPT["measured"]["of_these_differing"] == 0


def test_every_number_agrees_with_the_original_to_a_ten_thousandth() -> None:
    ours = encoder.builtin().encode([kept["text"] for kept in TEXTS])
    theirs = np.array([kept["vector"] for kept in TEXTS], dtype=np.float32)
    assert float(np.abs(ours - theirs).max()) < 1e-4


def test_texts_are_cut_into_the_same_tokens() -> None:
    words = WordPiece(encoder.folder() / "vocab.txt")
    assert [words.tokens(kept["text"]) for kept in TEXTS] == [kept["pieces"] for kept in TEXTS]


def test_the_vector_does_not_depend_on_what_is_encoded_with_it() -> None:
    encoder_here = encoder.builtin()
    some = [kept["text"] for kept in TEXTS[:6]]
    alone = np.concatenate([encoder_here.encode([text]) for text in some])
    assert np.allclose(alone, encoder_here.encode(some, batch=3), atol=1e-5)


def test_a_long_text_is_read_to_its_end() -> None:
    start = "The miller opens the sluice at low water. " * 40
    encoder_here = encoder.builtin()
    plain, other = encoder_here.encode(
        [start, start + "Parliament debated the budget of the navy. " * 40]
    )
    assert float(plain @ other) < 0.95


def test_no_model_is_a_clear_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder.builtin.cache_clear()
    monkeypatch.setenv(encoder.FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(encoder.EncoderAbsent, match="no model"):
        encoder.builtin()
    (tmp_path / "config.json").write_bytes((Path(__file__).parent / "chain.py").read_bytes())
    with pytest.raises(encoder.EncoderAbsent, match="no model"):
        encoder.builtin()
    encoder.builtin.cache_clear()
