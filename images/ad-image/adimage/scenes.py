"""Scenes: a product on its background, with room left for text.

Where the product stands depends on the picture's form only: on the right of a wide one, in the
lower part of a square or tall one. The text's place is not decided here, the planner finds it.
"""

from __future__ import annotations

import msgspec
from PIL import Image

from adimage.backdrops import backdrop, shadow
from adimage.colours import Rgb, darker
from adimage.easel import Easel
from adimage.geometry import Box, rounded
from adimage.products import DRAWINGS
from adimage.prompts import Wish


class Scene(msgspec.Struct, frozen=True):
    """A finished picture, and where in it the product really is."""

    image: Image.Image
    product: Box
    mask: Image.Image


def drawn(wish: Wish) -> Scene:
    """The picture that a wish describes; the same wish gives the same pixels."""
    width, height = wish.size
    room = _room(width, height)
    side = _side_for(wish, room)
    easel = Easel(side)
    DRAWINGS[wish.product](easel, wish.palette)
    product = easel.finished()
    solid = _solid(product)
    ink = solid.getbbox() or (0, 0, side, side)
    x = round(room.centre[0] - (ink[0] + ink[2]) / 2)
    y = round(room.bottom - ink[3])
    box = Box(ink[0] + x, ink[1] + y, ink[2] - ink[0], ink[3] - ink[1])
    sheet = backdrop((width, height), wish.palette, wish.background, box, box.bottom)
    sheet.paste(_shadow_colour(wish), (0, 0), shadow((width, height), box))
    sheet.paste(product, (x, y), product)
    mask = Image.new("L", (width, height), 0)
    mask.paste(solid, (x, y))
    return Scene(sheet, rounded(box), mask)


def _shadow_colour(wish: Wish) -> Rgb:
    return darker(wish.palette.dark, 0.35)


def _solid(product: Image.Image) -> Image.Image:
    """The product's body without its glow, steam and soft edges, as a mask."""
    return product.getchannel("A").point([255 if v > 200 else 0 for v in range(256)])


def _side_for(wish: Wish, room: Box) -> int:
    """The easel's side at which the product just fills its room; tried out on a small easel."""
    trial = Easel(200)
    DRAWINGS[wish.product](trial, wish.palette)
    left, top, right, bottom = _solid(trial.finished()).getbbox() or (0, 0, 200, 200)
    return round(200 * min(room.w / (right - left), room.h / (bottom - top)))


def _room(width: int, height: int) -> Box:
    """The part of the picture that is the product's; its lower edge is the ground."""
    if width >= 1.25 * height:
        w, h = width * 0.4, height * 0.8
        return Box(width * 0.74 - w / 2, height * 0.91 - h, w, h)
    w = width * 0.74
    h = min(height * 0.53, width * 0.8)
    ground = height * (0.92 if height < 1.5 * width else 0.86)
    return Box((width - w) / 2, ground - h, w, h)
