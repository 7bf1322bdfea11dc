"""Items of a batch as rows of a table: the same columns in the ledger and on a terminal."""

import csv
import io
from collections.abc import Iterable
from typing import Final, cast

from stagework.api.batch_answers import BatchItem
from stagework.api.batch_book import ItemState

COLUMNS: Final = ItemState.__struct_fields__
"""Of the table."""
HEAD: Final = ",".join(COLUMNS) + "\n"
"""Its first line as CSV."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is taken for a formula by programs of tables."""


def csv_rows(items: Iterable[ItemState | BatchItem]) -> str:
    """A line an item, without the head."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for item in items:
        writer.writerow([_cell(getattr(item, column)) for column in COLUMNS])
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, list):
        value = " ".join(map(str, cast("list[object]", value)))
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
