"""Palettes: which colours a picture has, by the words of its prompt.

A palette is six colours that go together: two of the background, the product's main, dark and
second colour, and an accent. A season or mood in the prompt gives the whole palette, a colour word
replaces the product's main colour.
"""

from __future__ import annotations

import msgspec

from adimage.colours import Rgb, darker, from_hex, mix


class Palette(msgspec.Struct, frozen=True):
    """Six colours that go together, and a name for people."""

    name: str
    wall: Rgb
    floor: Rgb
    main: Rgb
    dark: Rgb
    second: Rgb
    accent: Rgb


def _palette(name: str, text: str) -> Palette:
    wall, floor, main, dark, second, accent = (from_hex(h) for h in text.split())
    return Palette(name, wall, floor, main, dark, second, accent)


PALETTES = {
    p.name: p
    for p in (
        #                     wall    floor   main    dark    second  accent
        _palette("spring", "fde4e6 f7c9d2 f27d97 8c2f55 fff6f3 8cc9a1"),
        _palette("summer", "c9f0ee 8ed9d8 ff7a59 17495c fff4e3 ffc94a"),
        _palette("autumn", "f6dfc0 e5b98a c8553d 4f2a1e fbeedb 8a9a5b"),
        _palette("winter", "dfeaf6 b5cee6 3c6fb4 14284b f8fbff e2574c"),
        _palette("luxury", "23222a 17161c c9a25c 0d0c10 f1e3c4 8a6a33"),
        _palette("night", "2a2455 171436 7c5cff 0c0a22 f3efff ff5fa2"),
        _palette("eco", "e6f0dc c3dbb0 4f8a4c 20402a fbfaf0 d8a13b"),
        _palette("pastel", "efe6fb d9c8f2 9b82d8 463a78 fffafc ffb8c6"),
        _palette("citrus", "fff1bd ffd95e f59b23 70400a fffbe9 3fa796"),
        _palette("studio", "f1efec dbd6cf e4572e 2b2d35 ffffff 2e86ab"),
        _palette("ocean", "d4ecf7 98cbe6 1f78b4 0b3454 f7fcff ffb347"),
        _palette("rose", "fbe3dd f0bdb2 b8455f 55192f fff7f4 d9a05b"),
    )
}
"""All palettes by name."""

_MOODS = {
    "spring": "spring", "봄": "spring", "cherry": "spring",
    "summer": "summer", "여름": "summer", "beach": "summer", "tropical": "summer",
    "autumn": "autumn", "fall": "autumn", "가을": "autumn", "harvest": "autumn",
    "winter": "winter", "겨울": "winter", "christmas": "winter", "snow": "winter", "눈": "winter",
    "luxury": "luxury", "premium": "luxury", "gold": "luxury", "고급": "luxury",
    "프리미엄": "luxury", "elegant": "luxury",
    "night": "night", "neon": "night", "밤": "night", "dark": "night", "gaming": "night",
    "eco": "eco", "organic": "eco", "natural": "eco", "nature": "eco", "친환경": "eco",
    "자연": "eco", "유기농": "eco",
    "pastel": "pastel", "soft": "pastel", "파스텔": "pastel", "baby": "pastel",
    "citrus": "citrus", "fresh": "citrus", "lemon": "citrus", "상큼한": "citrus", "sunny": "citrus",
    "studio": "studio", "minimal": "studio", "clean": "studio", "미니멀": "studio",
    "ocean": "ocean", "sea": "ocean", "바다": "ocean", "marine": "ocean",
    "rose": "rose", "romantic": "rose", "장미": "rose", "valentine": "rose", "로맨틱": "rose",
}  # fmt: skip

_COLOURS = {
    "red": "d63a3a", "빨간": "d63a3a", "빨강": "d63a3a", "레드": "d63a3a",
    "blue": "2f6fd0", "파란": "2f6fd0", "파랑": "2f6fd0", "블루": "2f6fd0", "navy": "24407f",
    "green": "3d9a5b", "초록": "3d9a5b", "녹색": "3d9a5b", "그린": "3d9a5b", "mint": "5cc8a8",
    "yellow": "f2b632", "노란": "f2b632", "노랑": "f2b632", "옐로우": "f2b632",
    "orange": "f07f2e", "주황": "f07f2e", "오렌지": "f07f2e", "coral": "ff7a59",
    "pink": "ee7ba0", "분홍": "ee7ba0", "핑크": "ee7ba0",
    "purple": "8257c4", "violet": "8257c4", "보라": "8257c4", "퍼플": "8257c4",
    "black": "3a3a42", "검은": "3a3a42", "검정": "3a3a42", "블랙": "3a3a42",
    "white": "f4f3f0", "하얀": "f4f3f0", "흰": "f4f3f0", "화이트": "f4f3f0",
    "brown": "8d5a3b", "갈색": "8d5a3b", "브라운": "8d5a3b", "beige": "d8c3a0",
    "grey": "8d939c", "gray": "8d939c", "회색": "8d939c", "teal": "1f9a9a",
}  # fmt: skip


def mood_of(words: list[str]) -> str | None:
    """The palette that a word of the prompt asks for, or None."""
    return next((_MOODS[w] for w in words if w in _MOODS), None)


def palette_for(words: list[str], choice: int) -> Palette:
    """The palette of these words; where they say nothing of it, the one that `choice` picks."""
    mood = mood_of(words)
    colour = next((from_hex(_COLOURS[w]) for w in words if w in _COLOURS), None)
    if mood is None:
        quiet = ("studio", "citrus", "pastel", "ocean", "rose")
        mood = "studio" if colour else quiet[choice % len(quiet)]
    palette = PALETTES[mood]
    if colour is None:
        return palette
    dark = mix(darker(colour, 0.6), palette.dark, 0.35)
    return msgspec.structs.replace(palette, main=colour, dark=dark)
