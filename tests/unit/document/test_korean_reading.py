"""Korean scans: the Korean model reads, the English one helps, spaces are those of the page."""

from __future__ import annotations

from pathlib import Path

import make_scans
import numpy as np
import pytest
from docpipe.reading import pictures
from docpipe.reading.ocr import korean, scans, spacing
from docpipe.reading.ocr.recognition import Row, Word

GOTHIC = Path("/usr/share/fonts/truetype/nanum/NanumGothic.ttf")


def word(text: str, left: int, right: int, sure: float = 0.95) -> Word:
    return Word(text, (left, 10, right, 40), sure)


def ink(*inked: tuple[int, int]) -> spacing.Ink:
    page = np.zeros((50, 400), dtype=bool)
    for left, right in inked:
        page[10:40, left:right] = True
    return page


@pytest.mark.parametrize(
    ("second", "text"),
    [((33, 60), "물길"), ((40, 60), "물 길")],
    ids=["close", "apart"],
)
def test_korean_words_are_apart_where_the_picture_is_white(
    second: tuple[int, int], text: str
) -> None:
    # Tesseract's boxes are loose: by themselves they say the same in both.
    row = [word("물", 0, 32), word("길", 33, 60)]
    assert spacing.line(row, ink((0, 30), second)).text == text


def test_a_speck_in_the_white_does_not_join_words_whose_boxes_are_apart() -> None:
    row = [word("물", 0, 30), word("길", 50, 80)]
    assert spacing.line(row, ink((0, 30), (39, 40), (50, 80))).text == "물 길"


def test_other_words_keep_their_spaces_however_close() -> None:
    assert spacing.line([word("of", 0, 30), word("flour", 31, 90)], ink((0, 90))).text == "of flour"


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        ([word("WAS", 0, 30, 0.6)], []),
        ([word("SH", 0, 30)], []),
        ([word("Linux", 0, 60)], ["Linux"]),
        ([word("Linux", 0, 60), word("PC", 70, 90)], ["Linux", "PC"]),
        ([word("Linux", 0, 60), word("에서", 70, 90)], ["Linux"]),
    ],
    ids=["unsure", "short", "sure", "short beside a sure one", "Korean"],
)
def test_only_what_is_english_without_doubt_is_taken_from_the_second_reading(
    row: Row, kept: list[str]
) -> None:
    assert [word.text for word in korean.english_words(row)] == kept


def test_a_korean_page_keeps_its_english_words(tmp_path: Path) -> None:
    said = ["그림 안내", "서버는 Linux 에서 돌고, 그림은 JPEG 나 PNG 로 올린다."]
    path = tmp_path / "page.jpg"
    make_scans.scan(path, said, GOTHIC, 1.2, 5.0, seed=31)
    found = scans.read_page(pictures.decoded(pictures.opened(path), 1), "auto")
    assert found.languages == "kor+eng"
    assert [english for english in ("Linux", "JPEG", "PNG") if english not in found.text] == []
    assert "에서 돌고" in found.text


def test_a_page_in_korean_alone_gets_no_letters_of_another_script(tmp_path: Path) -> None:
    # The first syllable is none that the Korean model knows: read with English too, it is "Gel".
    said = ["물때", "갇힌 물이 빠져나가면서 물레를 돌린다. 썰물 때 물길을 연다."]
    path = tmp_path / "page.jpg"
    make_scans.scan(path, said, GOTHIC, 1.1, 5.0, seed=70)
    found = scans.read_page(pictures.decoded(pictures.opened(path), 1), "auto")
    assert found.languages == "kor"
    assert not any(c.isascii() and c.isalpha() for c in found.text)
    assert "빠져나가면서 물레를 돌린다" in found.text
