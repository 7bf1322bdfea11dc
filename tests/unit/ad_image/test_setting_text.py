"""Setting text: words chosen, lines broken, places found, colours that can be read."""

from __future__ import annotations

import numpy as np
import pytest
from adimage import outputs, overlay, planner, texts
from adimage.arrays import Pixels, image_of, plane
from adimage.colours import contrast, luminance
from adimage.geometry import Box, overlap
from adimage.ink_colours import AA, ink_for
from adimage.lettering import FONTS, broken, ink, wrapped
from adimage.outputs import Found, Swatch, VlmAnalyze, YoloDetect


def plain(width: int = 600, height: int = 600, colour: int = 230) -> Pixels:
    return np.full((height, width, 3), colour, dtype=np.uint8)


def planned(
    pixels: Pixels, *things: Box, headline: str = "Light shoes", subline: str = "For long days"
) -> outputs.Plan:
    found = [Found("object", b, 1.0, "test") for b in things]
    calm = plane(np.zeros((64, 64)))
    looks = VlmAnalyze(
        "test", [Swatch("#e6e6e6", 0.8), Swatch("#204060", 0.2)], 0.8, 0.1, 10, Box(0, 0, 0, 0), []
    )
    wanted = texts.chosen("shoes", headline, subline)
    scene = planner.Scene(pixels, calm, looks, YoloDetect("test", [], found, ""))
    return planner.builtin(wanted, scene)


@pytest.mark.parametrize(
    ("prompt", "headline", "subline"),
    [
        ("summer shoes, 1080x1080", "Summer Shoes", "Made for long, bright days"),
        ("shoes of the night, studio", "Shoes of the Night", "Feel every beat of the night"),
        ("1080x1350, red bag banner", "Red Bag", "New in our collection"),
        ("겨울 커피, 스튜디오", "겨울 커피", "추운 날의 따뜻한 위로"),
    ],
)
def test_without_params_the_prompt_gives_the_words(
    prompt: str, headline: str, subline: str
) -> None:
    found = texts.chosen(prompt)
    assert (found.headline, found.subline) == (headline, subline)


def test_params_win_and_a_dash_leaves_the_subline_out() -> None:
    found = texts.chosen("summer shoes", "Run", "-")
    assert (found.headline, found.subline, found.language) == ("Run", "", "eng")


def test_korean_letters_get_a_korean_font_whatever_lang_says() -> None:
    assert texts.chosen("shoes", "여름", "", "en").language == "kor"


def test_lines_are_broken_evenly() -> None:
    assert broken("aa bb cc dd", 2, len) == ["aa bb", "cc dd"]
    assert broken("one", 2, len) is None


def test_korean_breaks_between_words() -> None:
    name = FONTS["kor", "subline"]
    lines = wrapped("매일 아침 갓 볶은 원두로 시작하세요", 300, lambda t: ink(t, name, 30).w)
    assert len(lines) == 2
    assert " ".join(lines) == "매일 아침 갓 볶은 원두로 시작하세요"
    assert all(ink(line, name, 30).w <= 300 for line in lines)


def test_a_word_wider_than_the_line_is_cut_between_letters() -> None:
    assert wrapped("abcdefgh", 3, len) == ["abc", "def", "gh"]


@pytest.mark.parametrize(
    "thing",
    [
        Box(0, 0, 600, 300),
        Box(0, 300, 600, 300),
        Box(300, 0, 300, 600),
        Box(0, 0, 290, 600),
        Box(180, 200, 240, 400),
    ],
    ids=["above", "below", "right", "left", "middle"],
)
def test_text_keeps_off_the_product_wherever_it_is(thing: Box) -> None:
    plan = planned(plain(), thing)
    assert plan.lines
    assert not any(overlap(line.box, thing) for line in plan.lines)


@pytest.mark.parametrize(
    "headline",
    [
        "Go",
        "A much longer headline that needs more than two lines to be set",
        "초경량 운동화로 가볍게 시작하는 하루",
    ],
)
@pytest.mark.parametrize("size", [(1080, 1080), (1600, 640), (600, 1200), (256, 256)])
def test_text_stays_inside_the_frame_at_any_length_and_size(
    headline: str, size: tuple[int, int]
) -> None:
    pixels = plain(*size)
    made = overlay.builtin(image_of(pixels), planned(pixels, headline=headline))
    inner = Box(0, 0, *size).grown(-0.04 * min(size))
    assert all(overlap(line.box, inner) == pytest.approx(line.box.area) for line in made.lines)
    assert " ".join(line.text for line in made.lines if line.role == "headline") == headline


@pytest.mark.parametrize("grey", range(0, 256, 15))
def test_ink_is_readable_on_any_grey(grey: int) -> None:
    found = ink_for(plain(40, 40, grey), [Swatch(f"#{grey:02x}{grey:02x}{grey:02x}", 1.0)])
    assert found.contrast >= AA


def test_a_scrim_is_laid_only_where_contrast_needs_it() -> None:
    calm = ink_for(plain(40, 40), [Swatch("#e6e6e6", 1.0)])
    checks = ((np.indices((64, 64)).sum(axis=0) % 2) * 255).astype(np.uint8)
    busy = ink_for(
        np.repeat(checks[..., None], 3, axis=2), [Swatch("#ffffff", 0.5), Swatch("#000000", 0.5)]
    )
    assert calm.scrim is None
    assert busy.scrim is not None
    assert busy.contrast >= AA


def test_text_on_a_busy_picture_is_readable_and_on_a_panel() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (600, 600, 3), dtype=np.uint8)
    plan = planned(noise)
    assert plan.scrim is not None
    assert plan.contrast >= AA


def test_contrast_of_black_on_white_is_21() -> None:
    assert contrast(luminance((0, 0, 0)), luminance((255, 255, 255))) == pytest.approx(21)
