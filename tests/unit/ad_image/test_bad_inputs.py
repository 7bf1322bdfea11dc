"""Bad inputs: each is refused at its stage, for good, with a sentence that says what to change."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from adimage import pictures, prompts, texts
from PIL import Image

import stagekit
from tests.unit.ad_image.chain import Chain
from tests.unit.ad_image.conftest import SNEAKER


def encoded(width: int, height: int, kind: str = "PNG", mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.new(mode, (width, height)).save(file, kind)
    return file.getvalue()


def unlike_its_header() -> bytes:
    """A valid header, then damage in the middle of the pixels."""
    good = SNEAKER.read_bytes()
    middle = len(good) // 2
    return good[:middle] + bytes(4000) + good[middle + 4000 :]


BAD_PICTURES: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "EmptyPicture"),
    "truncated png": (lambda: SNEAKER.read_bytes()[:40_000], "TruncatedPicture"),
    "truncated jpeg": (lambda: encoded(900, 900, "JPEG")[:-600], "TruncatedPicture"),
    "damaged": (unlike_its_header, "TruncatedPicture"),
    "a text file": (lambda: b"hello, I am no picture\n" * 50, "NotAPicture"),
    "a png's first bytes only": (lambda: SNEAKER.read_bytes()[:10], "NotAPicture"),
    "a pdf": (lambda: b"%PDF-1.7\n" + bytes(500), "NotAPicture"),
    "20,000 pixels wide": (lambda: encoded(20_000, 300, mode="L"), "PictureTooLarge"),
    "20,000 pixels high": (lambda: encoded(300, 20_000, mode="L"), "PictureTooLarge"),
    "81 megapixels": (lambda: encoded(9000, 9000, mode="1"), "PictureTooLarge"),
    "400 megapixels": (lambda: encoded(15_900, 15_900, mode="1"), "PictureTooLarge"),
    "a thumbnail": (lambda: encoded(100, 90), "PictureTooSmall"),
    "a ribbon": (lambda: encoded(3000, 300), "PictureTooNarrow"),
}


@pytest.mark.parametrize("name", list(BAD_PICTURES))
def test_a_bad_picture_is_refused(name: str, tmp_path: Path) -> None:
    make, reason = BAD_PICTURES[name]
    path = tmp_path / "picture.png"
    path.write_bytes(make())
    with pytest.raises(stagekit.Refused) as refused:
        pictures.opened(path)
    assert refused.value.reason == reason
    assert len(refused.value.message.encode()) <= 128


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("PNG", "LA"),
        ("JPEG", "CMYK"),
        ("JPEG", "L"),
        ("PNG", "I;16"),
        ("WEBP", "RGB"),
    ],
)
def test_every_usual_kind_of_picture_is_taken(kind: str, mode: str, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(encoded(400, 300, kind, mode))
    image, found = pictures.opened(path)
    assert (image.mode, image.size, found) == ("RGB", (400, 300), kind)


def test_a_photo_taken_upright_is_turned(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (400, 300)).save(path, "JPEG", exif=exif)
    assert pictures.opened(path)[0].size == (300, 400)


def test_a_large_picture_is_shrunk(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(encoded(6000, 4000, mode="L"))
    assert pictures.opened(path)[0].size == (2048, 1365)


@pytest.mark.parametrize(
    ("prompt", "size", "reason"),
    [
        ("", "", "EmptyPrompt"),
        ("   ", "", "EmptyPrompt"),
        ("shoe " * 200, "", "LongPrompt"),
        ("shoes, 20000x400", "", "BadSize"),
        ("shoes, 100x100", "", "BadSize"),
        ("shoes, 2400x300", "", "BadSize"),
        ("shoes", "large", "BadSize"),
        ("shoes", "99999999x2", "BadSize"),
    ],
)
def test_a_bad_prompt_or_size_is_refused(prompt: str, size: str, reason: str) -> None:
    with pytest.raises(stagekit.Refused) as refused:
        prompts.understood(prompt, size)
    assert refused.value.reason == reason
    assert len(refused.value.message.encode()) <= 128


@pytest.mark.parametrize(
    ("headline", "subline", "lang", "reason"),
    [
        ("word " * 40, "", "", "TextTooLong"),
        ("Fine", "word " * 60, "", "TextTooLong"),
        ("Snow \u2603\U0001f680", "", "", "UnknownLetters"),
        ("\u0645\u0631\u062d\u0628\u0627", "", "", "UnknownLetters"),
        ("Fine", "", "tlh", "BadLanguage"),
    ],
)
def test_text_that_cannot_be_set_is_refused(
    headline: str, subline: str, lang: str, reason: str
) -> None:
    with pytest.raises(stagekit.Refused) as refused:
        texts.chosen("shoes", headline, subline, lang)
    assert refused.value.reason == reason
    assert len(refused.value.message.encode()) <= 128


@pytest.mark.parametrize("stage", ["img_gen", "ocr_eval"])
def test_an_unknown_method_is_refused_with_the_known_ones(stage: str, tmp_path: Path) -> None:
    chain = Chain(tmp_path, {"prompt": "shoes"}, method="magic")
    assert chain.run(stage) == 2
    assert chain.mark(stage)["outcome"] == "Refused"
    assert chain.mark(stage)["reason"] == "UnknownMethod"
    assert "builtin" in str(chain.mark(stage)["message"])


def test_a_refused_picture_leaves_a_mark_that_says_so(tmp_path: Path) -> None:
    empty = tmp_path / "empty.png"
    empty.touch()
    chain = Chain(tmp_path / "run", {"prompt": "shoes"}, source=empty)
    assert chain.run("img_gen") == 2
    assert chain.mark("img_gen")["reason"] == "EmptyPicture"
    assert "give a PNG" in str(chain.mark("img_gen")["message"])


def test_a_stage_without_its_input_fails_and_may_be_tried_again(tmp_path: Path) -> None:
    chain = Chain(tmp_path, {"prompt": "shoes"})
    assert chain.run("planner") == 1
    assert chain.mark("planner")["outcome"] == "Failed"
