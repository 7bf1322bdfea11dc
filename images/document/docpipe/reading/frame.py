"""Where things stand on a PDF's page as it is shown: from its upper left corner, turned upright."""

from __future__ import annotations

from typing import NamedTuple

import pypdfium2 as pdfium

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in the page's own measure, whose origin may lie anywhere."""


class Frame(NamedTuple):
    """The part of a page that is shown, and by how many degrees it is turned to the right."""

    shown: Box
    turned: int

    def placed(self, box: Box) -> Box:
        """Left, top, right, bottom of a box, as people see them."""
        left, bottom, right, top = box
        west, south, east, north = self.shown
        if self.turned == 90:
            return bottom - south, left - west, top - south, right - west
        if self.turned == 180:
            return east - right, bottom - south, east - left, top - south
        if self.turned == 270:
            return north - top, east - right, north - bottom, east - left
        return left - west, north - top, right - west, north - bottom

    def share(self, box: Box) -> float:
        """How much of what is shown a box covers, from 0 to 1; a hair where it has no area."""
        west, south, east, north = self.shown
        wide = min(box[2], east) - max(box[0], west)
        high = min(box[3], north) - max(box[1], south)
        return max(wide, 1.0) * max(high, 1.0) / max((east - west) * (north - south), 1.0)


def frame_of(page: pdfium.PdfPage) -> Frame:
    """The frame of a page."""
    return Frame(page.get_bbox(), page.get_rotation() % 360)
