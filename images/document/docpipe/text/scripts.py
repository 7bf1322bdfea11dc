"""Which writing a text is in: the share of each script among its letters."""

from __future__ import annotations

import unicodedata
from collections import Counter


def is_hangul(letter: str) -> bool:
    """A Korean syllable or letter."""
    return (
        "가" <= letter <= "힣" or "\u1100" <= letter <= "\u11ff" or "\u3131" <= letter <= "\u318e"
    )


def shares(text: str) -> dict[str, float]:
    """Scripts by falling share, from 1 % on; empty where there are no letters."""
    counts = Counter(_script(letter) for letter in text if letter.isalpha())
    total = sum(counts.values())
    return {
        script: round(count / total, 2)
        for script, count in counts.most_common()
        if count >= 0.01 * total
    }


def main_script(text: str) -> str:
    """The script of most letters; empty where there are none."""
    return next(iter(shares(text)), "")


def _script(letter: str) -> str:
    if is_hangul(letter):
        return "Hangul"
    # "LATIN SMALL LETTER A", "CJK UNIFIED IDEOGRAPH-6F6E": the first word names the script.
    name = unicodedata.name(letter, "unknown").split(maxsplit=1)[0]
    return {"CJK": "Han", "HIRAGANA": "Kana", "KATAKANA": "Kana"}.get(name, name.capitalize())
