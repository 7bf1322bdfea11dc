"""Encodings: a text is read in the one that it is in, whether or not it says which."""

from __future__ import annotations

from pathlib import Path

import pytest
from docpipe.reading import charsets, kinds

KOREAN = "한국어 문서입니다. 이 파일은 옛 윈도우에서 저장한 것입니다. 납품 기한은 3월 5일입니다.\n"
JAPANESE = "これは日本語の文書です。納期は三月五日です。\n"
CHINESE = "这是一份中文文件。交货日期是三月五日。\n"
EUROPEAN = "The price is 20 € – plus tax”. It’s café résumé; Größe und Maße.\n"  # noqa: RUF001


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (KOREAN, "utf-8"),
        (KOREAN, "utf-8-sig"),
        (KOREAN, "cp949"),
        (KOREAN, "euc-kr"),
        (KOREAN, "utf-16"),
        (KOREAN, "utf-16-le"),
        (KOREAN, "utf-16-be"),
        (CHINESE, "gbk"),
        (CHINESE, "utf-16-le"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc-jp"),
        (JAPANESE, "iso2022_jp"),
        (JAPANESE, "utf-16-be"),
        (EUROPEAN, "cp1252"),
        ("Größe: fünf Meter, übrigens.\n", "cp1252"),
        ("Срок поставки пятого марта, цена без налога.\n", "cp1251"),
    ],
    ids=lambda value: value if value.isascii() else value[:8],
)
@pytest.mark.parametrize("times", [1, 5])
def test_a_text_is_read_in_the_encoding_in_which_it_was_written(
    text: str, encoding: str, times: int
) -> None:
    assert charsets.decoded((text * times).encode(encoding)) == text * times


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3(", b"\xed\xa0\x80"])
def test_utf_8_with_a_few_bad_bytes_stays_utf_8(bad: bytes) -> None:
    text = charsets.decoded(KOREAN.encode() * 3 + b"log " + bad + b" end\n" + KOREAN.encode() * 3)
    assert text.count(KOREAN) == 6
    assert " end\n" in text


def test_a_text_that_is_cut_within_a_letter_is_no_other_encoding() -> None:
    assert charsets.decoded((KOREAN * 3).encode()[:-2]).startswith(KOREAN)


@pytest.mark.parametrize(
    ("said", "encoding"), [("gb2312", "gb18030"), ("euc-kr", "cp949"), ("iso-8859-1", "cp1252")]
)
def test_what_a_page_says_of_its_encoding_is_believed_and_meant_widely(
    said: str, encoding: str
) -> None:
    words = {"gb18030": "价格 €", "cp949": "뷁 펲시콜라", "cp1252": "20 € – ’tis"}[encoding]  # noqa: RUF001
    page = f'<html><head><meta charset="{said}"></head><body>{words}</body></html>'
    assert words in charsets.decoded(page.encode(encoding))


def test_the_declaration_of_an_xml_file_is_believed() -> None:
    file = f'<?xml version="1.0" encoding="windows-1251"?><a>{"Привет"}</a>'
    assert "Привет" in charsets.decoded(file.encode("cp1251"))


def test_a_page_that_says_another_encoding_than_it_is_in_is_read_all_the_same() -> None:
    page = f'<meta charset="iso-8859-1"><p>{KOREAN}</p>'
    assert KOREAN in charsets.decoded(page.encode())


def test_a_text_that_says_nothing_for_long_is_judged_by_what_follows() -> None:
    text = "plain words\n" * 30_000 + KOREAN * 3
    assert charsets.decoded(text.encode("cp949")).endswith(KOREAN)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(("text", "kind"), [(KOREAN, "text"), (f"<p>{KOREAN}</p>", "html")])
def test_a_text_in_utf_16_without_its_mark_is_known_as_text(
    text: str, kind: str, encoding: str, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    path.write_bytes((text * 4).encode(encoding))
    assert kinds.of(path) == kind


def test_halves_of_a_letter_beyond_ffff_become_one() -> None:
    assert charsets.joined("x = \ud835\udc65") == "x = \U0001d465"
