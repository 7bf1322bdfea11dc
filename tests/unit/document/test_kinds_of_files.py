"""Kinds of files: each is known by its bytes, read as what it is, or refused by its right name."""

# ruff: noqa: E501  (the words of formats are long)

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage
from pathlib import Path
from unittest.mock import Mock

import pytest
from docpipe.pages import Failure
from docpipe.reading import kinds
from docpipe.reading.ocr import reader, scans
from PIL import Image

import stagekit
from tests.support.documents import pages
from tests.support.documents.bad_files import MINUTES, encrypted_pdf, many_pages

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def stored(folder: Path, content: bytes) -> Path:
    path = folder / "given"
    path.write_bytes(content)
    return path


def archive_of(kind: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr("content.xml", "<a/>")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "reason", "named"),
    [
        (COMPOUND + "WordDocument".encode("utf-16-le"), "OldFormat", "Word document"),
        (COMPOUND + "Workbook".encode("utf-16-le"), "OldFormat", "Excel workbook"),
        (COMPOUND + "PowerPoint Document".encode("utf-16-le"), "OldFormat", "PowerPoint"),
        (
            COMPOUND + "__properties_version1.0".encode("utf-16-le"),
            "OtherFormat",
            "Outlook message",
        ),
        (
            COMPOUND + "\x05HwpSummaryInformation".encode("utf-16-le"),
            "OtherFormat",
            "Hangul document",
        ),
        (archive_of("application/hwp+zip"), "OtherFormat", "Hangul document"),
        (archive_of("application/vnd.oasis.opendocument.text"), "OtherFormat", "OpenDocument text"),
        (archive_of("application/epub+zip"), "OtherFormat", "electronic book"),
        (b"%!PS-Adobe-3.0\n", "OtherFormat", "PostScript"),
    ],
    ids=["doc", "xls", "ppt", "msg", "hwp", "hwpx", "odt", "epub", "ps"],
)
def test_a_format_of_another_program_is_refused_by_its_name_with_what_to_do(
    content: bytes, reason: str, named: str, tmp_path: Path
) -> None:
    with pytest.raises(stagekit.Refused) as refused:
        kinds.of(stored(tmp_path, content))
    assert refused.value.reason == reason
    assert named in refused.value.message
    assert "save it as" in refused.value.message


def mail() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Anna Kim <a@example.org>"
    message["To"] = "b@example.org"
    message["Subject"] = "납품 기한"
    message.set_content("납품 기한은 3월 5일입니다.", cte="base64")
    return message


def test_a_mail_is_read_with_its_headers_and_body(tmp_path: Path) -> None:
    (page,) = pages.pages(stored(tmp_path, mail().as_bytes()))
    assert page.text.startswith("# 납품 기한\n")
    assert "From: Anna Kim <a@example.org>" in page.text
    assert page.text.endswith("납품 기한은 3월 5일입니다.")


def test_the_attachments_of_a_mail_are_its_further_pages(tmp_path: Path) -> None:
    message = mail()
    message.add_alternative("<p>The <b>other</b> form.</p>", subtype="html")
    message.add_attachment(many_pages(2), maintype="application", subtype="pdf", filename="a.pdf")
    message.add_attachment("day,open\nmon,9\ntue,10\n", subtype="csv", filename="b.csv")
    message.add_attachment(mail())
    read = pages.pages(stored(tmp_path, message.as_bytes()))
    assert [page.number for page in read] == [1, 2, 3, 4, 5]
    assert "other" not in read[0].text, "a body in two forms is read once"
    assert "page number 2 of a long book" in read[2].text
    assert read[3].text.splitlines()[0] == "| day | open |"
    assert "납품" in read[4].text
    assert [page.note for page in read[1:4]] == ["attachment a.pdf", "", "attachment b.csv"]


def test_an_attachment_that_cannot_be_read_is_noted_and_the_mail_is_read(tmp_path: Path) -> None:
    message = mail()
    message.add_attachment(encrypted_pdf(), maintype="application", subtype="pdf", filename="a.pdf")
    message.add_attachment(b"\x7fELF" + bytes(99), maintype="a", subtype="b", filename="b.bin")
    (page,) = pages.pages(stored(tmp_path, message.as_bytes()))
    assert "납품 기한은" in page.text
    assert "attachment a.pdf was left out: the PDF asks for a password" in page.note
    assert "attachment b.bin was left out" in page.note


@pytest.mark.parametrize(
    "text", ["From: here to there\nit is far.\n", "Subject to change\nDate: open\n", "Dear Anna,\n"]
)
def test_a_text_that_only_begins_like_a_mail_is_a_text(text: str, tmp_path: Path) -> None:
    assert kinds.of(stored(tmp_path, text.encode())) == "text"


def test_rich_text_leaves_its_words_and_its_tables(tmp_path: Path) -> None:
    row = r"\trowd\cellx100\cellx200 Day\cell Open\cell\row\trowd\cellx100\cellx200 Mon\cell 9\cell\row"
    korean = r"\'b3\'b3\'c7\'b0 \u54620?\u44397? \u-10179?\u-8703?"
    text = rf"{{\rtf1\ansi\ansicpg949\deff0{{\fonttbl{{\f0\fcharset129 Batang;}}}}\f0 Dear Anna,\par {korean}\par {row}\pard Tim\par}}"
    (page,) = pages.pages(stored(tmp_path, text.encode("ascii")))
    assert page.text.startswith("Dear Anna,\n\n납품 한국 \U0001f601")
    assert "| Day | Open |\n| --- | --- |\n| Mon | 9 |" in page.text
    assert page.text.endswith("Tim")


def test_avif_and_heic_are_pictures_and_a_video_is_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = reader.Reading([], 0.0, "eng", 64.0, 48.0)
    monkeypatch.setattr(scans, "read_page", Mock(return_value=nothing))
    Image.new("RGB", (64, 48), "white").save(path := tmp_path / "a", "AVIF")
    assert kinds.of(path) == "picture"
    assert pages.pages(path)[0].source == "ocr"
    assert kinds.of(stored(tmp_path, b"\0\0\0\x18ftypheic" + bytes(99))) == "picture"
    assert kinds.of(stored(tmp_path, b"\0\0\0\x18ftypisom" + bytes(99))) == "sound"


def test_a_broken_heic_is_refused_as_a_broken_picture(tmp_path: Path) -> None:
    (failed,) = pages.answers(stored(tmp_path, b"\0\0\0\x18ftypheic" + bytes(99)))
    assert isinstance(failed, Failure)
    assert failed.reason == "BrokenDocument"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_text_in_columns_is_a_table(delimiter: str, tmp_path: Path) -> None:
    rows = [["지점", "매출", "비고"], ["서울", "12", '"a, b"'], ["부산", "", "x|y"]]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    (page,) = pages.pages(stored(tmp_path, text.encode("cp949")))
    assert page.text.splitlines() == [
        "| 지점 | 매출 | 비고 |",
        "| --- | --- | --- |",
        "| 서울 | 12 | a, b |",
        "| 부산 |  | x\\|y |",
    ]


def test_prose_with_commas_is_no_table(tmp_path: Path) -> None:
    text = "Dear Anna, thank you\nI came, I saw\nWe left, late at night\n"
    (page,) = pages.pages(stored(tmp_path, text.encode()))
    assert page.text == text.strip()


def test_a_log_with_a_control_character_is_a_text(tmp_path: Path) -> None:
    content = b"a line of a log that goes on\n" * 40 + b"bell \x07\n"
    assert kinds.of(stored(tmp_path, content)) == "text"


def test_an_office_document_is_known_without_its_name(tmp_path: Path) -> None:
    assert kinds.of(stored(tmp_path, MINUTES.read_bytes())) == "docx"
