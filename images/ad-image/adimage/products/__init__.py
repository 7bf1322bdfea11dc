"""The products that can be drawn: a table from a word of the prompt to a drawing.

A drawing is a function of an easel and a palette; it stands on the ground at about y = 900 of the
easel's 1000 units. A new product is one function and one row here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from adimage.easel import Easel
from adimage.palettes import Palette
from adimage.products import devices, home, wear

Drawing: TypeAlias = Callable[[Easel, Palette], None]

DRAWINGS: dict[str, Drawing] = {
    "shoe": wear.shoe,
    "bag": wear.bag,
    "watch": wear.watch,
    "glasses": wear.glasses,
    "headphones": wear.headphones,
    "bottle": home.bottle,
    "cup": home.cup,
    "chair": home.chair,
    "lamp": home.lamp,
    "phone": devices.phone,
    "camera": devices.camera,
    "laptop": devices.laptop,
    "gift": home.gift,
}
"""All drawings by the name that outputs give them; `gift` stands for every other product."""

FALLBACK = "gift"

WORDS: dict[str, tuple[str, ...]] = {
    "shoe": (
        "shoe", "sneaker", "trainer", "runner", "footwear", "신발", "운동화", "스니커즈", "구두",
    ),
    "bag": ("bag", "handbag", "purse", "tote", "backpack", "가방", "핸드백", "백팩"),
    "watch": ("watch", "wristwatch", "smartwatch", "시계", "손목시계", "워치"),
    "glasses": ("glasses", "sunglasses", "eyewear", "안경", "선글라스"),
    "headphones": ("headphone", "headset", "earphone", "headphones", "헤드폰", "헤드셋", "이어폰"),
    "bottle": (
        "bottle", "juice", "lotion", "perfume", "shampoo", "drink", "wine", "water", "cosmetic",
        "병", "음료", "주스", "향수", "로션", "샴푸", "화장품", "물병",
    ),
    "cup": ("cup", "mug", "coffee", "tea", "latte", "cafe", "컵", "커피", "머그", "머그컵", "라떼"),
    "chair": ("chair", "armchair", "sofa", "furniture", "seat", "의자", "소파", "가구", "안락의자"),
    "lamp": ("lamp", "lantern", "lighting", "램프", "조명", "스탠드"),
    "phone": ("phone", "smartphone", "mobile", "handset", "휴대폰", "스마트폰", "핸드폰", "폰"),
    "camera": ("camera", "camcorder", "카메라"),
    "laptop": ("laptop", "notebook", "computer", "노트북", "컴퓨터", "랩탑"),
    "gift": ("gift", "box", "present", "선물", "상자", "선물상자"),
}  # fmt: skip
"""The words, in English and Korean, that ask for each drawing."""

_BY_WORD = {word: kind for kind, words in WORDS.items() for word in words}


def product_of(words: list[str]) -> str | None:
    """The first product that the words name, singular or plural, or None.

    Shoes as a gift are shoes: the fallback's own words count only alone.
    """
    forms = [f for w in words for f in (w, w.removesuffix("s"), w.removesuffix("es"))]
    named = [_BY_WORD[f] for f in forms if f in _BY_WORD]
    return next((kind for kind in named if kind != FALLBACK), named[0] if named else None)
