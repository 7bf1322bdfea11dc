"""Documents that nobody should send: each ends at once with a reason that people see."""

from pathlib import Path

import pytest

from tests.support.cluster.commands import Document
from tests.support.cluster.documents import SAMPLES, Done, finished, sample
from tests.support.cluster.space import Space
from tests.support.cluster.stages import ANYWHERE, run_of
from tests.support.cluster.uploads import store, upload
from tests.support.documents import bad_files

REFUSED = {
    "zero-bytes": ("EmptyDocument", "0 bytes"),
    "encrypted": ("Encrypted", "save it without one"),
    "truncated": ("BrokenDocument", "upload the whole file"),
    "docx-bomb": ("ZipBomb", "unpacks to too much"),
    "pptx-bomb": ("ZipBomb", "unpacks to too much"),
    "only-a-loop": ("BrokenPage", "names itself"),
    "huge-picture": ("PictureTooLarge", "200 megapixels"),
}
HOSTILE = "$(touch pwned);`id`&|' 이름%2f..%2f.pdf"
"""Name of a whole DOCX; its ending is wrong too."""


def files() -> dict[str, tuple[str, bytes]]:
    """What is uploaded, by the name of its run."""
    return {
        "zero-bytes": ("a.pdf", b""),
        "encrypted": ("a.pdf", bad_files.encrypted_pdf()),
        "truncated": ("a.pdf", bad_files.cut(bad_files.REPORT, 0.9)),
        "docx-bomb": ("a.docx", bad_files.office_bomb("docx")),
        "pptx-bomb": ("a.pptx", bad_files.office_bomb("pptx")),
        "only-a-loop": ("a.pdf", bad_files.looping_pdf("only loop")),
        "huge-picture": ("a.png", bad_files.picture_of_200_megapixels()),
        "loop": ("a.pdf", bad_files.looping_pdf("pages")),
        "long": ("a.pdf", bad_files.many_pages(500)),
        "no-text": ("a.pdf", bad_files.blank_pages(3)),
    }


def extract(name: str, uri: str) -> Document:
    """A run of the sample's first stage alone, on any machine that is free."""
    first = sample("pipeline-document")["spec"]["stages"][0]
    return run_of(name, {**first, **ANYWHERE}, input={"uri": uri})


@pytest.fixture(scope="module", autouse=True)
def runs(space: Space, tmp_path_factory: pytest.TempPathFactory) -> None:
    """One run a document, side by side."""
    hostile = tmp_path_factory.mktemp("documents") / HOSTILE
    hostile.write_bytes((SAMPLES / "document-minutes.docx").read_bytes())
    uris = {"hostile": upload(space, hostile), **store(space, files())}
    space.apply(*(extract(name, uri) for name, uri in uris.items()))


def done(space: Space, name: str, folder: Path) -> Done:
    """A run that is completed, and what it left."""
    return finished(space, name, folder, 150)


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_document_is_refused_at_once_and_people_see_why(space: Space, name: str) -> None:
    run = space.wait_for_end(name, "StageFailed")
    (stage,) = run["status"]["stages"]
    reason, words = REFUSED[name]
    assert (stage["state"], stage["reason"], stage["attempt"]) == ("Failed", reason, 1)
    assert words in stage["message"]
    assert len(space.pods_of(name)) == 1
    shown = space.kubectl("get", "pj", name, "-o", "wide").out
    assert words in shown
    assert reason in space.stagework("status", name).out


def test_of_500_pages_those_within_the_limit_are_read_and_the_others_named(
    space: Space, tmp_path: Path
) -> None:
    long = done(space, "long", tmp_path)
    extracted = long.output("extract")
    assert (extracted["pages"], len(extracted["read"]), len(extracted["left_out"])) == (
        500,
        200,
        300,
    )
    assert "page number 200 of" in str(long.lines("extract", "pages.jsonl")[-1])
    items = long.lines("extract", "outcomes.jsonl")
    assert {item["reason"] for item in items[200:]} == {"PageLimit"}
    assert "max_pages" in items[-1]["message"]
    stage = long.stages["extract"]
    assert (stage["state"], stage["reason"]) == ("Succeeded", "SomeItemsFailed")
    assert "300 of 500" in stage["message"]


def test_of_a_pdf_with_a_loop_the_good_page_is_read(space: Space, tmp_path: Path) -> None:
    loop = done(space, "loop", tmp_path)
    (page,) = loop.lines("extract", "pages.jsonl")
    assert bad_files.WHOLE in str(page)
    good, bad = loop.lines("extract", "outcomes.jsonl")
    assert (good["state"], bad["state"], bad["reason"]) == ("Succeeded", "Refused", "BrokenPage")


def test_a_hostile_name_with_a_wrong_ending_is_only_a_name(space: Space, tmp_path: Path) -> None:
    extracted = done(space, "hostile", tmp_path).output("extract")
    assert extracted["document"]["kind"] == "docx"
    # What a shell could take for a command is gone before the name comes into a Pod.
    assert extracted["document"]["name"] == "_(touch pwned)__id____ 이름_2f.._2f.pdf"
    assert extracted["notes"] == ["the name promises pdf, it is docx"]
    assert extracted["letters"] > 700


def test_a_document_without_any_text_is_skipped_with_the_reason(space: Space) -> None:
    run = space.wait_for_end("no-text", "Completed")
    (stage,) = run["status"]["stages"]
    assert (stage["state"], stage["reason"]) == ("Skipped", "NoText")
    assert "3 page(s)" in stage["message"]
