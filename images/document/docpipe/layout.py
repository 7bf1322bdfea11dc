"""What lines on pages mean: headings, paragraphs, lists, tables. Pure judgement of `pages.Line`.

1. What stands at the top or bottom of many pages, but for its number, is no text of the document.
2. Lines of two or more cells that follow each other, as many in each, are a table.
3. A line in larger or bolder type than the text, short and without a full stop, is a heading; the
   largest type is level 1.
4. A line that begins with a bullet or number begins a list entry.
5. Everything else runs on in paragraphs; a larger gap or an indented line begins another one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from docpipe.office import table
from docpipe.pages import Line, Page

_BULLET: Final = re.compile(r"^[•◦▪‣·\u2013-]\s+|^\d{1,2}[.)]\s+|^[가-하][.)]\s+")
_LONGEST_HEADING: Final = 120
_EDGE: Final = 0.09
"""The share of a page's height in which headers and footers stand."""
