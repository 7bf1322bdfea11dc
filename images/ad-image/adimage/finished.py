"""A finished picture: nobody says how it was made, so what was set is found by reading it.

For runs without `planner` and `overlay` (the sample pipeline `ad-evaluate`): `ocr_eval` reads the
lines, and from them and the pixels come what those two would have left. The ink of a line is the
smaller part of its box that stands off from the rest; what is behind it is filled in from around.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

import stagekit
from adimage import img_gen
from adimage.arrays import Pixels, Plane, plane, read_pixels
from adimage.colours import to_hex
from adimage.geometry import around
from adimage.outputs import Overlay, Plan, PlannedLine, ReadLine, Role, SetLine, TextStyle
from adimage.prompts import language_of
from adimage.texts import NONE

METHOD = "read"
"""How a plan or overlay was made that stands for a finished picture's."""
_HEADLINE_SHARE = 0.75
"""Lines at least so high, in heights of the highest, belong to the headline."""
_FILLED_FROM = 3
"""Pixels around the ink from which what is behind it is filled in."""


def picture(ctx: stagekit.Context) -> Pixels:
    """The picture, as `img_gen` has checked it."""
    return read_pixels(ctx.inputs.file(img_gen.STAGE, img_gen.PICTURE))


def wanted_text(ctx: stagekit.Context) -> str:
    """The text that should be in it, where the params say it."""
    given = (ctx.param(name, default="").strip() for name in ("headline", "subline"))
    return "\n".join(text for text in given if text not in ("", NONE))


def layers(pixels: Pixels, lines: Sequence[ReadLine]) -> tuple[Overlay, Pixels, Plane]:
    """The lines as they were set, the picture without its text, and the text's ink from 0 to 1."""
    height, width = pixels.shape[:2]
    ink = np.zeros((height, width), dtype=np.uint8)
    made: list[SetLine] = []
    for line, role in zip(lines, _roles(lines), strict=True):
        rows, columns = line.box.inside(width, height).slices()
        part = pixels[rows, columns]
        letters = _letters(part)
        ink[rows, columns] |= letters
        red, green, blue = (int(v) for v in np.median(part[letters > 0], axis=0))
        made.append(SetLine(role, line.text, line.box, to_hex((red, green, blue))))
    # Letters have soft edges, which are no background either.
    mask = cv2.dilate(ink, np.ones((5, 5), dtype=np.uint8))
    backing = np.asarray(cv2.inpaint(pixels, mask, _FILLED_FROM, cv2.INPAINT_TELEA), dtype=np.uint8)
    return Overlay(METHOD, width, height, made, on_product=0.0), backing, plane(ink)


def plan(overlay: Overlay) -> Plan:
    """What was planned, as far as it shows in the picture."""
    text = around(line.box for line in overlay.lines)
    right, bottom = overlay.width - text.right, overlay.height - text.bottom
    by_role = {
        role: [line for line in overlay.lines if line.role == role]
        for role in dict.fromkeys(line.role for line in overlay.lines)
    }
    whole = {role: " ".join(line.text for line in lines) for role, lines in by_role.items()}
    return Plan(
        method=METHOD,
        language=language_of(" ".join(whole.values())),
        headline=whole.get("headline", ""),
        subline=whole.get("subline", ""),
        align="left",
        margin=min(text.x, text.y, right, bottom),
        area=text,
        lines=[_planned(line) for line in overlay.lines],
        styles=[_style(role, lines) for role, lines in by_role.items()],
        rule=None,
        accent="",
        scrim=None,
        contrast=0.0,
        reason="read from the finished picture",
    )


def _planned(line: SetLine) -> PlannedLine:
    return PlannedLine(line.role, line.text, line.box, line.box.x, line.box.bottom)


def _style(role: Role, lines: Sequence[SetLine]) -> TextStyle:
    size = round(float(np.median([line.box.h for line in lines])))
    return TextStyle(role, "", size, lines[0].colour)


def _roles(lines: Sequence[ReadLine]) -> list[Role]:
    highest = max((line.box.h for line in lines), default=0.0)
    return ["headline" if line.box.h >= _HEADLINE_SHARE * highest else "subline" for line in lines]


def _letters(part: Pixels) -> Pixels:
    """1 where a letter is: the smaller of the two shades that the box falls into."""
    shades = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
    _, light = cv2.threshold(shades, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    letters = light if 2 * int(light.sum()) <= light.size else 1 - light
    # A box of one shade has no letters that differ: all of it counts then.
    return np.asarray(letters if letters.any() else np.ones_like(letters), dtype=np.uint8)
