"""Prompts: the words, the size and the language that a short text asks for.

Plain matching of words, in English and Korean; nothing here pretends to understand more.
"""

from __future__ import annotations

import hashlib
import re
from typing import Literal

import msgspec

import stagekit
from adimage.palettes import Palette, mood_of, palette_for
from adimage.products import FALLBACK, product_of

LONGEST_PROMPT = 500
SMALLEST_SIDE, LARGEST_SIDE = 256, 2560
DEFAULT_SIZE = (1080, 1080)

_SIZE = re.compile(r"(?<!\d)(\d{2,6})\s*[xX\u00d7*]\s*(\d{2,6})(?!\d)")
_WORD = re.compile(r"[a-z가-힣]+")
_PARTICLES = (
    "에서",
    "으로",
    "을",
    "를",
    "은",
    "는",
    "이",
    "가",
    "의",
    "에",
    "로",
    "와",
    "과",
    "용",
)
_SIZE_NAMES = {
    "story": (1080, 1920), "스토리": (1080, 1920), "portrait": (1080, 1350), "세로": (1080, 1350),
    "banner": (1600, 640), "배너": (1600, 640), "landscape": (1280, 720), "가로": (1280, 720),
    "square": (1080, 1080), "정사각형": (1080, 1080),
}  # fmt: skip

Background = Literal["studio", "disc", "rays", "waves", "arch", "confetti"]
BACKGROUNDS: tuple[Background, ...] = ("studio", "disc", "rays", "waves", "arch", "confetti")
_BACKGROUND_WORDS: dict[str, Background] = {
    "studio": "studio", "스튜디오": "studio", "podium": "studio", "plain": "studio",
    "circle": "disc", "disc": "disc", "원형": "disc", "sun": "rays", "rays": "rays",
    "sunburst": "rays", "햇살": "rays", "waves": "waves", "wave": "waves", "물결": "waves",
    "sea": "waves", "바다": "waves", "beach": "waves", "arch": "arch", "아치": "arch",
    "window": "arch", "party": "confetti", "confetti": "confetti", "sale": "confetti",
    "축제": "confetti", "세일": "confetti", "파티": "confetti",
}  # fmt: skip


class Wish(msgspec.Struct, frozen=True):
    """What a prompt asks for; `words` are in lower case, `named` is the product it names."""

    prompt: str
    words: list[str]
    product: str
    named: bool
    palette: Palette
    mood: str | None
    background: Background
    size: tuple[int, int]
    sized: bool


def understood(prompt: str, size: str = "") -> Wish:
    """The wish behind a prompt; `size` such as `1080x1080` wins over one within the prompt.

    The same prompt always gives the same wish. Refuses an empty or over-long prompt and a size
    that cannot be drawn.
    """
    prompt = " ".join(prompt.split())
    if not prompt:
        raise stagekit.Refused(
            "EmptyPrompt", "the prompt is empty: say what to draw, such as 'summer shoes'"
        )
    if len(prompt) > LONGEST_PROMPT:
        raise stagekit.Refused(
            "LongPrompt", f"the prompt has {len(prompt)} characters: use at most {LONGEST_PROMPT}"
        )
    words = _words(prompt)
    digest = hashlib.sha256(prompt.lower().encode()).digest()
    product = product_of(words)
    background = _background_of(words)
    wanted = _size_in(size, words) if size.strip() else _size_in(prompt, words)
    if size.strip() and wanted is None:
        raise stagekit.Refused(
            "BadSize", f"the size {size[:30]!r} is none: write width x height, such as 1080x1350"
        )
    return Wish(
        prompt=prompt,
        words=words,
        product=product or FALLBACK,
        named=product is not None,
        palette=palette_for(words, digest[0]),
        mood=mood_of(words),
        background=background or BACKGROUNDS[digest[1] % len(BACKGROUNDS)],
        size=_checked(wanted or DEFAULT_SIZE),
        sized=wanted is not None,
    )


def language_of(text: str) -> Literal["eng", "kor"]:
    """Korean where the text has a Korean syllable, else English."""
    return "kor" if re.search(r"[가-힣ㄱ-ㅎㅏ-ㅣ]", text) else "eng"


def without_size(prompt: str) -> str:
    """The prompt without sizes such as `1080x1080` and the marks left around them."""
    return " ".join(_SIZE.sub(" ", prompt).replace(" ,", ",").split()).strip(" ,.;:-")


def _words(prompt: str) -> list[str]:
    """The words in lower case; a Korean word also without the particle at its end."""
    words: list[str] = []
    for word in _WORD.findall(prompt.lower()):
        words.append(word)
        stem = next((word.removesuffix(p) for p in _PARTICLES if word.endswith(p)), word)
        if word[0] >= "가" and len(stem) > 1 and stem != word:
            words.append(stem)
    return words


def _background_of(words: list[str]) -> Background | None:
    return next((_BACKGROUND_WORDS[w] for w in words if w in _BACKGROUND_WORDS), None)


def _size_in(text: str, words: list[str]) -> tuple[int, int] | None:
    size = _SIZE.search(text)
    if size:
        return int(size[1]), int(size[2])
    named = [*_WORD.findall(text.lower()), *words]
    return next((_SIZE_NAMES[w] for w in named if w in _SIZE_NAMES), None)


def _checked(size: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in size):
        raise stagekit.Refused(
            "BadSize",
            f"a size of {width}x{height} cannot be made:"
            f" use {SMALLEST_SIDE} to {LARGEST_SIDE} pixels a side",
        )
    if max(size) > 3 * min(size):
        raise stagekit.Refused(
            "BadSize", f"{width}x{height} is too narrow: the long side may be 3 times the short one"
        )
    return size
