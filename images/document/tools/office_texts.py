"""What the slides, the workbook and the web page among the samples say, about the same mill."""

# ruff: noqa: E501  (long sentences in tuples)

from __future__ import annotations

import datetime as dt
from typing import Final, NamedTuple

Cell = str | int | float | dt.date
AUTHOR: Final = "Carrow Creek Mill Trust"


class Slide(NamedTuple):
    """A slide; `notes` are what the speaker says, `picture` describes a picture below the points."""

    title: str
    points: tuple[str, ...]
    notes: str = ""
    table: tuple[tuple[str, ...], ...] = ()
    picture: str = ""


class Sheet(NamedTuple):
    """A sheet: its rows, the first being the head. A text that begins with `=` is a formula."""

    name: str
    rows: tuple[tuple[Cell, ...], ...]
    totals: tuple[Cell, ...] = ()
    """What the formulas of the last row come to, as a spreadsheet program stores it."""


SLIDES_TITLE: Final = "A day at the tide mill"
SLIDES: Final = (
    Slide(
        "A day at the tide mill",
        ("A talk for new volunteers at Carrow Creek",),
        notes="Welcome everybody, and show where the first aid box hangs.",
    ),
    Slide(
        "Before the tide turns",
        (
            "Look up high water in the table by the door.",
            "Close the sluice and check that the gate swings freely.",
            "Grease the upper bearing; the lower one runs in water.",
        ),
        notes="Ask who has worked with a winch before.",
        picture="A mill on its dam, with its wheel at the left",
    ),
    Slide(
        "Who stands where",
        ("Nobody works alone on the dam.",),
        table=(
            ("Post", "Volunteers", "Begins"),
            ("Sluice", "2", "one hour after high water"),
            ("Stones", "1", "when the wheel turns"),
            ("Visitors", "3", "at the opening of the door"),
        ),
    ),
    Slide(
        "Closing down",
        (
            "Lift the stones before the sluice is shut, never after.",
            "Weigh the flour and write the figure into the book.",
        ),
        notes="The last one out hangs the key on the hook behind the clock.",
    ),
)

SHEETS_TITLE: Final = "Flour and visitors"
SHEETS: Final = (
    Sheet(
        "Flour by month",
        (
            ("Month", "Wheat (t)", "Flour (t)", "Share", "First sold"),
            ("April", 1.25, 0.95, 0.76, dt.date(2023, 4, 8)),
            ("May", 1.4, 1.085, 0.775, dt.date(2023, 5, 3)),
            ("June", 1.1, 0.825, 0.75, dt.date(2023, 6, 10)),
            ("Sum", "=SUM(B2:B4)", "=SUM(C2:C4)", "=C5/B5", ""),
        ),
        totals=("Sum", 3.75, 2.86, 2.86 / 3.75, ""),
    ),
    Sheet(
        "Visitors",
        (
            ("Group", "Visits", "Remark"),
            ("Schools", 14, "always before noon"),
            ("Walkers", 1206, "counted at the gate | by hand"),
            ("손님 (from Korea)", 9, "asked for a guide in Korean"),
        ),
    ),
)

PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Visit the tide mill</title>
<style>body { color: #234; }</style>
<script>document.title = "this is no text of the page";</script>
</head>
<body>
<h1>Visit the tide mill</h1>
<p>The mill at Carrow Creek is open when the tide allows it. Please read the
<a href="tides.html">table of tides</a> before you set out&nbsp;&ndash; the door is shut at high
water.</p>
<h2>Opening hours</h2>
<table>
<tr><th>Season</th><th>Days</th><th>Guided walk</th></tr>
<tr><td>April and May</td><td>Saturday</td><td>none</td></tr>
<tr><td>June to September</td><td>Saturday and Sunday</td><td>at 15:00</td></tr>
<tr><td>October to March</td><td>closed</td><td>by letter</td></tr>
</table>
<h2>How to find us</h2>
<ul>
<li>The bus from Penmarrow stops at the old quarry, ten minutes from the dam.</li>
<li>Bicycles may be left beside the drying shed.</li>
<li>There is no car park, and the lane floods twice a month.</li>
</ul>
<!-- A remark for whoever edits this page. -->
<h2>한국어 안내</h2>
<p>방앗간은 물때에 따라 문을 엽니다. 단체 손님은 미리 편지를 보내 주십시오.</p>
</body>
</html>
"""
PAGE_SAYS: Final = (
    "The mill at Carrow Creek is open when the tide allows it.",
    "| June to September | Saturday and Sunday | at 15:00 |",
    "The bus from Penmarrow stops at the old quarry, ten minutes from the dam.",
    "방앗간은 물때에 따라 문을 엽니다.",
)
"""Parts of the page that must come back; its style, script and remark must not."""
