"""Bad inputs: each is refused with a sentence that says what to change, and the rest goes on."""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from docpipe.outputs import Extract, Preview
from docpipe.pages import Failure, Opened, Task
from docpipe.reading import archives, isolation

import stagekit
from tests.support.documents import bad_files
from tests.support.documents.bad_files import MINUTES, REPORT, SAMPLES, SPEECH
from tests.unit.document.chain import Chain

REFUSED: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "0 bytes": ("a.pdf", lambda: b"", "EmptyDocument"),
    "an encrypted pdf": ("a.pdf", bad_files.encrypted_pdf, "Encrypted"),
    "an encrypted docx": ("a.docx", bad_files.encrypted_docx, "Encrypted"),
    "a word file of 1997": ("a.doc", bad_files.old_word, "OldFormat"),
    "a truncated docx": ("a.docx", lambda: bad_files.cut(MINUTES, 0.7), "BrokenDocument"),
    "a pdf's first bytes": ("a.pdf", lambda: bad_files.cut(REPORT, 0.01), "BrokenDocument"),
    "a truncated picture": (
        "a.jpg", lambda: bad_files.cut(SAMPLES / "document-scan.jpg", 0.5), "BrokenDocument",
    ),
    "a truncated pptx": (
        "a.pptx", lambda: bad_files.cut(SAMPLES / "document-slides.pptx", 0.6), "BrokenDocument",
    ),
    "a truncated xlsx": (
        "a.xlsx", lambda: bad_files.cut(SAMPLES / "document-workbook.xlsx", 0.6), "BrokenDocument",
    ),
    "a docx whose archive is locked": ("a.docx", bad_files.locked_docx, "Encrypted"),
    "a zip bomb as docx": ("a.docx", lambda: bad_files.office_bomb("docx"), "ZipBomb"),
    "a zip bomb as pptx": ("a.pptx", lambda: bad_files.office_bomb("pptx"), "ZipBomb"),
    "a zip bomb as xlsx": ("a.xlsx", lambda: bad_files.office_bomb("xlsx"), "ZipBomb"),
    "an archive of thirty thousand files": ("a.docx", bad_files.bomb_of_many_files, "ZipBomb"),
    "slides without a slide": ("a.pptx", lambda: bad_files.empty_office("pptx"), "NoPages"),
    "a pdf of nothing but a loop": (
        "a.pdf", lambda: bad_files.looping_pdf("only loop"), "BrokenPage",
    ),
    "200 megapixels": ("a.png", bad_files.picture_of_200_megapixels, "PictureTooLarge"),
    "a program": ("a.pdf", lambda: b"\x7fELF" + bytes(900), "UnknownKind"),
    "a plain archive": ("a.zip", lambda: _archive({"a.txt": "hello"}), "UnknownKind"),
}  # fmt: skip


def _archive(files: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def given(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", list(REFUSED))
def test_a_bad_document_is_refused_for_good_with_its_reason(name: str, tmp_path: Path) -> None:
    file, make, reason = REFUSED[name]
    chain = Chain(tmp_path / "run", given(tmp_path, file, make()))
    assert chain.run("extract") == 2
    mark = chain.mark("extract")
    assert (mark["outcome"], mark["reason"]) == ("Refused", reason)
    assert len(str(mark["message"])) > 20


def test_a_bad_document_has_no_thumbnail_either(tmp_path: Path) -> None:
    chain = Chain(tmp_path / "run", given(tmp_path, "a.pdf", bad_files.encrypted_pdf()))
    assert chain.run("thumbnail") == 2
    assert chain.reason("thumbnail") == "Encrypted"


def test_a_list_of_entries_that_lies_is_not_believed(tmp_path: Path) -> None:
    path = given(tmp_path, "a.docx", bad_files.lying_docx())
    with pytest.raises(stagekit.Refused) as refused:
        archives.check(path)
    # Python's reader stops where the list says that the file ends, and its checksum is wrong.
    assert refused.value.reason == "BrokenDocument"


def test_entities_that_grow_without_end_are_refused(tmp_path: Path) -> None:
    chain = Chain(tmp_path / "run", given(tmp_path, "a.docx", bad_files.entities_docx()))
    assert chain.run("extract") == 2
    assert chain.reason("extract") == "BrokenDocument"


def test_a_truncated_pdf_is_read_as_far_as_it_goes_or_refused(tmp_path: Path) -> None:
    chain = Chain(tmp_path / "run", given(tmp_path, "a.pdf", bad_files.cut(REPORT, 0.9)))
    assert chain.run("extract") == 2
    assert chain.reason("extract") == "BrokenDocument"
    assert "upload the whole file" in str(chain.mark("extract")["message"])


def test_of_500_pages_those_beyond_the_limit_are_refused_and_the_rest_is_done(
    tmp_path: Path,
) -> None:
    chain = Chain(tmp_path / "run", given(tmp_path, "a.pdf", bad_files.many_pages(500)))
    assert chain.run("extract") == 0
    found = chain.read("extract", Extract)
    assert (found.pages, len(found.read), len(found.left_out)) == (500, 200, 300)
    assert {page.reason for page in found.left_out} == {"PageLimit"}
    items = chain.items("extract")
    assert [item["state"] for item in items].count("Refused") == 300
    assert "max_pages" in items[-1]["message"]


@pytest.mark.parametrize("loop", ["form", "tables", "length"])
def test_a_loop_in_a_pdf_does_not_keep_its_page_from_being_read(loop: str, tmp_path: Path) -> None:
    chain = Chain(tmp_path / "run", given(tmp_path, "a.pdf", bad_files.looping_pdf(loop)))
    chain.run_all("extract", "markdown", "preview", "thumbnail")
    assert bad_files.WHOLE in chain.file("markdown", "document.md").read_text()


def test_of_a_list_of_pages_that_names_itself_the_good_page_is_read(tmp_path: Path) -> None:
    chain = Chain(tmp_path / "run", given(tmp_path, "a.pdf", bad_files.looping_pdf("pages")))
    chain.run_all("extract", "markdown", "preview", "thumbnail")
    assert bad_files.WHOLE in chain.file("markdown", "document.md").read_text()
    for stage in ("extract", "preview"):
        good, bad = chain.items(stage)
        assert good == {"id": "page 1", "state": "Succeeded"}
        assert (bad["state"], bad["reason"]) == ("Refused", "BrokenPage")
        assert "names itself" in bad["message"]


def test_a_document_without_any_text_is_skipped_but_still_shown(tmp_path: Path) -> None:
    chain = Chain(tmp_path / "run", given(tmp_path, "a.pdf", bad_files.blank_pages(3)))
    chain.run_all()
    assert (chain.outcomes["extract"], chain.reason("extract")) == ("Skipped", "NoText")
    assert {item["state"] for item in chain.items("extract")} == {"Skipped"}
    for stage in ("markdown", "chunk", "fulltext", "embed", "classify", "summarize"):
        assert (chain.outcomes[stage], chain.reason(stage)) == ("Skipped", "NoText")
    assert len(chain.read("preview", Preview).pictures) == 3
    assert chain.file("thumbnail", "thumbnail.png").exists()


EMPTY: dict[str, Callable[[], bytes]] = {
    "a.txt": lambda: b" \n\t\n" * 50,
    "a.html": lambda: b"<html><body><script>let a = 1;</script></body></html>",
    "a.png": bad_files.empty_picture,
    "a.docx": lambda: bad_files.empty_office("docx"),
    "a.xlsx": lambda: bad_files.empty_office("xlsx"),
    "of 200 megapixels.pdf": bad_files.pdf_of_200_megapixels,
}


@pytest.mark.parametrize("name", EMPTY)
def test_a_document_with_no_word_in_it_is_skipped_and_says_so(name: str, tmp_path: Path) -> None:
    chain = Chain(tmp_path / "run", given(tmp_path, name, EMPTY[name]()))
    chain.run_all("extract", "markdown")
    assert (chain.outcomes["extract"], chain.reason("extract")) == ("Skipped", "NoText")
    assert (chain.outcomes["markdown"], chain.reason("markdown")) == ("Skipped", "NoText")


@pytest.mark.parametrize(
    ("name", "source", "kind"),
    [
        ("minutes.pdf", MINUTES, "docx"),
        ("report.txt", REPORT, "pdf"),
        ("visit.docx", SAMPLES / "document-visit.html", "html"),
        ("slides.xlsx", SAMPLES / "document-slides.pptx", "pptx"),
    ],
)
def test_a_wrong_ending_is_noted_and_the_document_is_read_by_what_it_is(
    name: str, source: Path, kind: str, tmp_path: Path
) -> None:
    chain = Chain(tmp_path / "run", given(tmp_path, name, source.read_bytes()))
    chain.run_all("extract")
    found = chain.read("extract", Extract)
    assert (found.document.kind, found.letters > 300) == (kind, True)
    assert found.notes == [
        f"the name promises {name.rpartition('.')[2].replace('txt', 'text')}, it is {kind}"
    ]


def test_a_program_that_breaks_on_a_document_is_not_quoted(tmp_path: Path) -> None:
    chain = Chain(tmp_path / "run", given(tmp_path, "a.docx", bad_files.entities_docx()))
    assert chain.run("extract") == 2
    said = str(chain.mark("extract")["message"])
    assert said.startswith("the document is damaged inside")
    assert "line 3" not in said


MIXED = (
    "English, 한국어, русский, עברית, العربية, 日本語かな and 中文 stand side by side in one text."
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", (MIXED * 3).encode()),
        ("utf-16.txt", (MIXED * 3).encode("utf-16")),
        ("a.html", f"<html><meta charset=utf-8><body><p>{MIXED * 3}</p></body></html>".encode()),
        ("a.docx", bad_files.mixed_docx(MIXED * 12)),
    ],
    ids=["utf-8", "utf-16", "html", "docx"],
)
def test_mixed_scripts_stay_as_they_are(name: str, content: bytes, tmp_path: Path) -> None:
    chain = Chain(tmp_path / "run", given(tmp_path, name, content))
    chain.run_all("extract", "markdown", "chunk", "fulltext")
    if name == "a.txt":
        chain.run_all("embed", "summarize")
    assert MIXED * 3 in chain.file("markdown", "document.md").read_text()
    scripts = chain.read("extract", Extract).scripts
    assert {"Latin", "Hangul", "Cyrillic", "Hebrew", "Arabic", "Kana", "Han"} <= set(scripts)


HOSTILE = [
    "..%2f..%2fetc%2fpasswd.txt",
    "$(touch pwned);`id`&|.txt",
    "-rf --no-preserve-root.txt",
    "line\nbreak\tand \x1b[31mcolour.txt",
    "\u202etxt.exe",
    "' OR 1=1; DROP TABLE chunks; --.txt",
    "이름 한글 파일.txt",
    "a" * 250 + ".txt",
    ".hidden.txt",
]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_hostile_file_name_is_only_a_name(name: str, tmp_path: Path) -> None:
    chain = Chain(
        tmp_path / "run", given(tmp_path, name, b"Plain words in a strangely named file.")
    )
    chain.run_all("extract", "markdown", "chunk", "fulltext", "thumbnail", "preview")
    shown = chain.read("extract", Extract).document.name
    assert shown.isprintable()
    assert "/" not in shown
    assert not (tmp_path / "pwned").exists()
    left = [path.name for path in chain.file("preview", "pages").iterdir()]
    assert left == ["0001.jpg"]


@pytest.mark.parametrize("content", [b"OggS" + bytes(4000), bad_files.cut(SPEECH, 0.002)])
def test_broken_sound_is_refused(content: bytes, tmp_path: Path) -> None:
    chain = Chain(tmp_path / "run", given(tmp_path, "a.opus", content))
    assert chain.run("stt") == 2
    assert chain.reason("stt") == "BrokenSound"


def test_a_run_without_input_is_refused(tmp_path: Path) -> None:
    chain = Chain(tmp_path / "run")
    assert chain.run("extract") == 2
    assert chain.reason("extract") == "NoInput"


@pytest.mark.parametrize(
    ("name", "value"), [("max_pages", "0"), ("max_pages", "many"), ("lang", "tlh")]
)
def test_a_bad_param_is_refused_with_what_is_allowed(name: str, value: str, tmp_path: Path) -> None:
    chain = Chain(tmp_path / "run", REPORT, {name: value})
    assert chain.run("extract") == 2
    assert chain.reason("extract") == "BadParam"
    assert name in str(chain.mark("extract")["message"])


@pytest.mark.parametrize("stage", ["extract", "embed", "stt", "classify", "summarize"])
def test_an_unknown_method_is_refused_with_the_known_ones(stage: str, tmp_path: Path) -> None:
    chain = Chain(tmp_path / "run", SPEECH, method="magic")
    assert chain.run(stage) == 2
    assert chain.reason(stage) == "UnknownMethod"
    assert "builtin" in str(chain.mark(stage)["message"])


def test_a_reader_that_hangs_or_crashes_costs_one_page(tmp_path: Path) -> None:
    """A child that is killed in the middle stands for a parser that crashes."""
    reading = tmp_path / "docpipe" / "reading"
    reading.mkdir(parents=True)
    fake = """
import os, sys, time, json
task = json.loads(sys.stdin.read())
print(json.dumps({"type": "opened", "kind": "pdf", "pages": 4}), flush=True)
for n in range(task["first"], 5):
    if n == 2: os.kill(os.getpid(), 11)
    if n == 3: time.sleep(60)
    print(json.dumps({"type": "page", "number": n, "source": "text"}), flush=True)
"""
    (tmp_path / "docpipe" / "__init__.py").touch()
    (reading / "__init__.py").touch()
    (reading / "worker.py").write_text(fake)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(tmp_path), *sys.path])
        answers = list(isolation.ask(Task("read", "x", "pdf", last=9), silence=2.0))
    assert isinstance(answers[0], Opened)
    found = {a.number: type(a).__name__ for a in answers[1:] if not isinstance(a, Opened)}  # type: ignore[union-attr]
    assert found == {1: "Page", 2: "Failure", 3: "Failure", 4: "Page"}
    assert {a.reason for a in answers if isinstance(a, Failure)} == {
        "ReaderCrashed",
        "ReaderTooSlow",
    }
