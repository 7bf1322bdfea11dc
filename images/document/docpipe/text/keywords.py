"""Words that are frequent in a text and rare elsewhere in its document."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

_WORD: Final = re.compile(r"[^\W\d_][\w'-]+")
_KOREAN_END: Final = re.compile(
    r"(?<=[가-힣]{2})(?:으로|에서|에게|부터|까지|처럼|보다|하고|이며|은|는|이|가|을|를|에|의|와|과|도|로|만|들)$"
)
_COMMON: Final = frozenset(
    (  # noqa: SIM905  (a word a line would be a page)
        "a about above after again all also an and any are as at be because been before being "
        "below between both but by can could did do does down each few first for from had has "
        "have he her here his how if in into is it its just last made make many may more most "
        "much must new no not now of off on one only or other our out over own same she should "
        "since so some such than that the their them then there these they this those through to "
        "too two under until up very was we were what when where which while who will with would "
        "you your 그 이 저 것 수 등 및 또는 그리고 "
        "그러나 하는 있는 한다 있다 된다 대한 위한 모든 다른"
    ).split()
)


def words(text: str) -> list[str]:
    """The words of a text that mean something, in one case and without Korean particles."""
    stems = (_KOREAN_END.sub("", word.casefold()) for word in _WORD.findall(text))
    return [word for word in stems if len(word) > 1 and word not in _COMMON]


def keywords(parts: Sequence[str], count: int) -> list[list[str]]:
    """For each part of a document, the words that tell it from the other parts."""
    counts = [Counter(words(part)) for part in parts]
    spread = Counter(word for in_part in counts for word in in_part)

    def weight(in_part: Counter[str], word: str) -> float:
        rarity = math.log((1 + len(parts)) / spread[word]) if len(parts) > 1 else 1.0
        return (1 + math.log(in_part[word])) * max(rarity, 0.1) * (1 if len(word) > 2 else 0.7)

    return [
        sorted(in_part, key=lambda word, of=in_part: (-weight(of, word), word))[:count]
        for in_part in counts
    ]
