"""Drawing: every product, palette and background, and what prompts ask for."""

from __future__ import annotations

import numpy as np
import pytest
from adimage import prompts, scenes, yolo_detect
from adimage.arrays import pixels_of
from adimage.colours import from_hex, lab
from adimage.easel import Easel, outline
from adimage.geometry import iou
from adimage.palettes import PALETTES
from adimage.products import DRAWINGS, WORDS
from adimage.prompts import BACKGROUNDS


@pytest.mark.parametrize("product", list(DRAWINGS))
def test_every_product_is_drawn_within_its_easel(product: str) -> None:
    easel = Easel(160)
    DRAWINGS[product](easel, PALETTES["summer"])
    alpha = np.asarray(easel.finished().getchannel("A"))
    assert 0.12 < (alpha > 128).mean() < 0.8
    assert max(alpha[0].max(), alpha[:, 0].max(), alpha[:, -1].max()) < 40


@pytest.mark.parametrize("product", list(DRAWINGS))
def test_every_product_is_found_where_it_was_drawn(product: str) -> None:
    scene = scenes.drawn(prompts.understood(f"spring {WORDS[product][0]} studio 400x400"))
    found = yolo_detect.builtin(pixels_of(scene.image))
    assert max(iou(f.box, scene.product) for f in found) > 0.5


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("size", ["400x400", "320x640", "640x300"])
def test_every_background_leaves_room_for_text(background: str, size: str) -> None:
    wish = prompts.understood(f"{background} cup winter", size)
    scene = scenes.drawn(wish)
    assert wish.background == background
    assert scene.image.size == wish.size
    assert scene.product.inside(*wish.size) == scene.product
    assert scene.product.area < 0.5 * wish.size[0] * wish.size[1]


@pytest.mark.parametrize(
    ("prompt", "product", "mood"),
    [
        ("Summer SHOES, 1080x1080", "shoe", "summer"),
        ("two autumn bags", "bag", "autumn"),
        ("겨울에 어울리는 커피", "cup", "winter"),
        ("가방을 든 가을", "bag", "autumn"),
        ("여름 운동화", "shoe", "summer"),
        ("watches for a night out", "watch", "night"),
        ("something nice", "gift", None),
    ],
)
def test_words_choose_product_and_mood(prompt: str, product: str, mood: str | None) -> None:
    wish = prompts.understood(prompt)
    assert (wish.product, wish.mood) == (product, mood)


@pytest.mark.parametrize(
    ("prompt", "param", "size"),
    [
        ("shoes, 1080x1350", "", (1080, 1350)),
        ("shoes 800 x 600", "", (800, 600)),
        ("shoes", "640\u00d7480", (640, 480)),
        ("shoes, 1080x1350", "500x500", (500, 500)),
        ("shoes for a story", "", (1080, 1920)),
        ("여름 신발 배너", "", (1600, 640)),
        ("shoes", "", (1080, 1080)),
    ],
)
def test_the_size_is_that_of_the_param_then_of_the_prompt(
    prompt: str, param: str, size: tuple[int, int]
) -> None:
    assert prompts.understood(prompt, param).size == size


def test_a_colour_word_colours_the_product() -> None:
    assert prompts.understood("red shoes").palette.main == from_hex("d63a3a")
    assert prompts.understood("빨간 신발").palette.main == from_hex("d63a3a")


def test_a_palette_sets_the_product_off_from_the_wall() -> None:
    for palette in PALETTES.values():
        assert np.hypot.reduce(np.subtract(lab(palette.main), lab(palette.wall))) > 25, palette.name


def test_a_curve_ends_at_its_last_point() -> None:
    points = outline("M 0 0 C 10 0 20 10 20 20 L 5 5 Z")
    assert points[0] == (0, 0)
    assert points[-2] == pytest.approx((20, 20))
    assert points[-1] == (5, 5)
