"""Rows of cells as a Markdown table."""

from __future__ import annotations


def table(rows: list[list[str]]) -> str:
    """The table; its first row is the head. Empty columns at the right are left out."""
    if not rows:
        return ""
    used = max((n + 1 for row in rows for n, cell in enumerate(row) if cell), default=1)
    lines = [_row([*row, *[""] * used][:used]) for row in rows]
    return "\n".join([lines[0], _row(["---"] * used), *lines[1:]])


def _row(cells: list[str]) -> str:
    clean = (" ".join(cell.split()).replace("|", "\\|") for cell in cells)
    return "| " + " | ".join(clean) + " |"
