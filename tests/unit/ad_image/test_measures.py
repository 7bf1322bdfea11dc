"""Measures: error rates, overlap, contrast, free areas, the reader, and the judge's rules."""

from __future__ import annotations

import numpy as np
import pytest
from adimage import iou_eval, legibility, outputs, reader, vlm_judge
from adimage.arrays import plane
from adimage.composition import Composition
from adimage.error_rates import character_error_rate, word_error_rate
from adimage.free_areas import free_areas, largest_rectangle
from adimage.geometry import Box, covered, iou
from adimage.lettering import FONTS, line_mask
from adimage.outputs import (
    Found,
    Language,
    Overlay,
    Plan,
    PlannedLine,
    ReadLine,
    SetLine,
    TextStyle,
)


@pytest.mark.parametrize(
    ("wanted", "read", "rate"),
    [
        ("summer", "summer", 0),
        ("summer", "Summer", 0),
        ("summer shoes", "summer\nshoes", 0),
        ("summer", "sumner", 1 / 6),
        ("summer", "", 1),
        ("커피", "커미", 0.5),
        ("don\u2019t", "don't", 0),
        ("", "x", 1),
    ],
)
def test_character_error_rate(wanted: str, read: str, rate: float) -> None:
    assert character_error_rate(wanted, read) == pytest.approx(rate)


def test_word_error_rate_counts_words() -> None:
    assert word_error_rate("a good day", "a bad day") == pytest.approx(1 / 3)


def test_overlap_of_boxes() -> None:
    a, b = Box(0, 0, 10, 10), Box(5, 0, 10, 10)
    assert iou(a, b) == pytest.approx(1 / 3)
    assert covered(a, b) == pytest.approx(0.5)
    assert iou(a, Box(20, 20, 5, 5)) == 0
    assert iou(Box(0, 0, 0, 0), Box(0, 0, 0, 0)) == 0


def test_the_largest_rectangle_of_free_cells() -> None:
    free = np.array([[1, 1, 0], [1, 1, 1], [1, 1, 1]], dtype=bool)
    assert largest_rectangle(free) == (0, 0, 3, 2)
    assert largest_rectangle(np.zeros((2, 2), dtype=bool)) == (0, 0, 0, 0)


def test_free_areas_leave_out_what_is_salient() -> None:
    saliency = np.zeros((240, 240))
    saliency[120:, :] = 1
    found = free_areas(plane(saliency), 480, 480)
    assert [a.box for a in found] == [Box(0, 0, 480, 240)]


@pytest.mark.parametrize(
    ("text", "language", "light"),
    [
        ("Readable text", "eng", False),
        ("Readable text", "eng", True),
        ("따뜻한 커피 한 잔", "kor", True),
    ],
)
def test_the_reader_reads_dark_and_light_letters(
    text: str, language: Language, light: bool
) -> None:
    ink = np.asarray(line_mask((900, 160), text, FONTS[language, "headline"], 80, (30, 110)))
    grey = ink if light else 255 - ink
    read = reader.read_text(
        np.repeat(grey[..., None], 3, axis=2), Box(0, 0, 900, 160), 80, language
    )
    assert character_error_rate(text, read.text) < 0.1
    assert read.lines[0].box.x == pytest.approx(30, abs=12)


def test_the_reader_finds_nothing_on_an_empty_wall() -> None:
    assert (
        reader.read_text(np.full((200, 400, 3), 200, np.uint8), Box(0, 0, 400, 200), 60, "eng").text
        == ""
    )


def test_contrast_is_measured_behind_the_letters() -> None:
    backing = np.zeros((100, 100, 3), dtype=np.uint8)
    backing[:, 50:] = 255
    ink = np.zeros((100, 100), dtype=np.float32)
    ink[40:60, 10:30] = 1
    dark, light = (SetLine("headline", "x", Box(10, 40, 20, 20), c) for c in ("#000000", "#ffffff"))
    assert legibility.seen(light, backing, ink).p5 == pytest.approx(21)
    assert legibility.seen(dark, backing, ink).p5 == pytest.approx(1)
    assert not legibility.seen(dark, backing, ink).aa


def case(line: Box, *things: Box, grey: int = 255) -> vlm_judge.Case:
    backing = np.full((400, 400, 3), grey, dtype=np.uint8)
    ink = np.zeros((400, 400), dtype=np.float32)
    ink[line.slices()] = 1
    made = Overlay("test", 400, 400, [SetLine("headline", "x", line, "#000000")], 0)
    plan = Plan(
        "test", "eng", "x", "", "left", 20, line, [], [TextStyle("headline", "f", 40, "#000000")],
        None, "#000000", None, 21, "",
    )  # fmt: skip
    found = [Found("object", t, 1, "test") for t in things]
    return vlm_judge.Case(
        Composition(made, backing, backing, ink), plan, found, Box(150, 220, 100, 100)
    )


def test_the_judge_passes_a_clean_picture() -> None:
    verdict = vlm_judge.builtin(case(Box(120, 60, 160, 40), Box(150, 220, 100, 100)))
    assert verdict.passed
    assert verdict.score > 0.9


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        ("inside_frame", case(Box(360, 60, 160, 40))),
        ("off_product", case(Box(120, 60, 160, 40), Box(100, 40, 200, 100))),
        ("contrast", case(Box(120, 60, 160, 40), grey=10)),
    ],
)
def test_the_judge_fails_a_broken_rule_and_names_it(rule: str, bad: vlm_judge.Case) -> None:
    verdict = vlm_judge.builtin(bad)
    assert not verdict.passed
    assert min(verdict.rules, key=lambda j: j.score).rule == rule


def test_a_line_that_was_not_read_counts_as_no_overlap() -> None:
    line = Box(10, 10, 100, 20)
    plan = Plan(
        "test", "eng", "a", "", "left", 20, line,
        [
            PlannedLine("headline", "a", line, 10, 30),
            PlannedLine("headline", "b", line.moved(0, 40), 10, 70),
        ],
        [], None, "#000000", None, 21, "",
    )  # fmt: skip
    made = Overlay("test", 400, 400, [SetLine("headline", "a", line, "#000000")], 0)
    read = outputs.OcrEval("test", "", "eng", "", "", 0, 0, 1, [ReadLine("a", line, 1)])
    found = iou_eval.builtin(plan, made, read)
    assert [entry.iou_read for entry in found.lines] == [1, 0]
    assert (found.mean_iou_set, found.mean_iou_read) == (0.5, 0.5)
