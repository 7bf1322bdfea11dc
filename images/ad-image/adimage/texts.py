"""The words of an advertisement: from the params, else from the prompt, else a fitting phrase."""

from __future__ import annotations

import msgspec

import stagekit
from adimage.lettering import FONTS, unknown_characters
from adimage.outputs import Language, Role
from adimage.products import product_of
from adimage.prompts import language_of, mood_of, without_size

LONGEST: dict[Role, int] = {"headline": 80, "subline": 140}
NONE = "-"
"""The param that asks for no subline."""

_LANGUAGES: dict[str, Language] = {
    "en": "eng", "eng": "eng", "english": "eng", "ko": "kor", "kor": "kor", "korean": "kor",
}  # fmt: skip
_SETTING_WORDS = frozenset(
    {
        *("story", "portrait", "banner", "landscape", "square", "studio", "rays", "sunburst"),
        *("confetti", "waves", "disc", "arch", "circle", "배너", "스토리", "세로", "가로"),
        *("정사각형", "스튜디오", "원형", "아치"),
    }
)
_SMALL_WORDS = frozenset(
    {"a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}
)
_SUBLINES: dict[str, tuple[str, str]] = {
    "spring": ("In bloom this season", "봄날의 새로운 시작"),
    "summer": ("Made for long, bright days", "눈부신 여름을 위해"),
    "autumn": ("Warm tones for cooler days", "가을을 담은 따뜻한 색"),
    "winter": ("Warmth for the coldest days", "추운 날의 따뜻한 위로"),
    "luxury": ("Crafted to be kept", "오래 간직할 가치"),
    "night": ("Feel every beat of the night", "밤을 깨우는 감각"),
    "eco": ("Good for you, kind to nature", "자연에서 온 좋은 선택"),
    "pastel": ("Soft colours, quiet comfort", "부드러운 색, 편안한 하루"),
    "citrus": ("A fresh start every day", "매일 새로운 상쾌함"),
    "studio": ("Simple things, done well", "단순함 속의 완성도"),
    "ocean": ("Clear as the open sea", "바다처럼 맑은 하루"),
    "rose": ("For someone you love", "사랑하는 사람을 위해"),
}
_PLAIN_SUBLINE = ("New in our collection", "새로운 컬렉션을 만나보세요")


class Texts(msgspec.Struct, frozen=True):
    """What is to be set; an empty subline means none."""

    headline: str
    subline: str
    language: Language


def chosen(prompt: str, headline: str = "", subline: str = "", lang: str = "") -> Texts:
    """The texts for these params; refuses what is too long or has letters that no font here has."""
    language = language_named(lang)
    head = " ".join(headline.split()) or _from_prompt(prompt)
    # A Korean letter needs the Korean font, whatever the params say.
    if language is None or language_of(head + subline) == "kor":
        language = language_of(head + subline)
    sub = " ".join(subline.split()) or _phrase(prompt, language)
    wanted = Texts(head, "" if sub == NONE else sub, language)
    _check("headline", wanted.headline, language)
    _check("subline", wanted.subline, language)
    return wanted


def language_named(lang: str) -> Language | None:
    """The language that the param `lang` names, or None where it leaves that open."""
    word = lang.strip().lower()
    if word not in {"", "auto"} and word not in _LANGUAGES:
        raise stagekit.Refused("BadLanguage", f"lang is {lang[:20]!r}: use auto, en or ko")
    return _LANGUAGES.get(word)


def _check(role: Role, text: str, language: Language) -> None:
    if len(text) > LONGEST[role]:
        raise stagekit.Refused(
            "TextTooLong", f"the {role} has {len(text)} characters: use at most {LONGEST[role]}"
        )
    unknown = unknown_characters(text, FONTS[language, role])
    if unknown:
        raise stagekit.Refused(
            "UnknownLetters",
            f"no font here has {unknown[:8]!r} of the {role}: use English or Korean",
        )


def _from_prompt(prompt: str) -> str:
    """The prompt's first clause without settings, in title case."""
    for clause in without_size(prompt).replace(";", ",").split(","):
        words = [w for w in clause.split() if w.lower() not in _SETTING_WORDS]
        if words:
            return " ".join(_titled(w, first=not n) for n, w in enumerate(words[:8]))
    return product_of(prompt.lower().split()) or "New"


def _titled(word: str, *, first: bool) -> str:
    small = word.lower() in _SMALL_WORDS and not first
    return word.lower() if small else word[:1].upper() + word[1:]


def _phrase(prompt: str, language: Language) -> str:
    mood = mood_of(prompt.lower().replace(",", " ").split())
    english, korean = _SUBLINES.get(mood or "", _PLAIN_SUBLINE)
    return korean if language == "kor" else english
