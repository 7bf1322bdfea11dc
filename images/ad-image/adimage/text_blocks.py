"""Text blocks: headline, subline and accent rule as one block, before it has a place."""

from __future__ import annotations

import msgspec

from adimage.geometry import Box, around
from adimage.lettering import FONTS, LEADING, broken, ink, wrapped
from adimage.outputs import Align, PlannedLine, Role
from adimage.texts import Texts

MOST_LINES = 4
SUBLINE_SHARE = 0.4
"""The subline's size as a share of the headline's."""


class Set(msgspec.Struct, frozen=True):
    """A line within a block: its ink's top left corner is relative to the block's."""

    role: Role
    text: str
    ink: Box
    baseline: float


class Block(msgspec.Struct, frozen=True):
    """A block of text; `rule` is the height of the accent rule at its top, 0 for none."""

    width: float
    height: float
    rows: tuple[Set, ...]
    headline_size: int
    subline_size: int
    rule: float

    def placed(self, x: float, y: float, align: Align) -> list[PlannedLine]:
        """The lines with the block's top left corner at (x, y)."""
        lines: list[PlannedLine] = []
        for row in self.rows:
            left = x + self._indent(row.ink.w, align)
            box = Box(left, y + row.baseline + row.ink.y, row.ink.w, row.ink.h)
            lines.append(PlannedLine(row.role, row.text, box, left - row.ink.x, y + row.baseline))
        return lines

    def rule_at(self, x: float, y: float, align: Align) -> Box:
        """The accent rule with the block's top left corner at (x, y)."""
        width = self.headline_size * 0.85
        return Box(x + self._indent(width, align), y, width, self.rule)

    def _indent(self, width: float, align: Align) -> float:
        return {"left": 0.0, "center": (self.width - width) / 2, "right": self.width - width}[align]


def block(texts: Texts, size: int, lines: int, widest: float, smallest: int) -> Block | None:
    """The block with its headline at `size` on `lines` lines; None where wider than `widest`.

    `smallest` is the least size of the subline, in pixels.
    """
    head_font = FONTS[texts.language, "headline"]
    head = broken(texts.headline, lines, lambda t: ink(t, head_font, size).w)
    if head is None:
        return None
    width = max(ink(t, head_font, size).w for t in head)
    if width > widest:
        return None
    sub_size = max(round(size * SUBLINE_SHARE), smallest)
    rows: list[Set] = []
    rule = max(round(size * 0.075), 3)
    baseline = rule + size * 0.42 - min(ink(t, head_font, size).y for t in head[:1])
    for text in head:
        rows.append(Set("headline", text, ink(text, head_font, size), baseline))
        baseline += size * LEADING[texts.language, "headline"]
    if texts.subline:
        sub_font = FONTS[texts.language, "subline"]
        room = min(max(width * 1.15, sub_size * 16), widest)
        last = around(r.ink.moved(0, r.baseline) for r in rows).bottom
        subs = wrapped(texts.subline, room, lambda t: ink(t, sub_font, sub_size).w)
        baseline = last + size * 0.34 + sub_size * 0.8
        for text in subs:
            rows.append(Set("subline", text, ink(text, sub_font, sub_size), baseline))
            baseline += sub_size * LEADING[texts.language, "subline"]
    width = max(r.ink.w for r in rows)
    if width > widest:
        return None
    height = around(r.ink.moved(0, r.baseline) for r in rows).bottom
    return Block(width, height, tuple(rows), size, sub_size, rule)
