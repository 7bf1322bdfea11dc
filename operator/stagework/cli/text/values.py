"""The values that stages have written into their `result.json`, as a table."""

from collections.abc import Iterable

from stagework.cli.outputs import Fetched, Scalar
from stagework.cli.text.tables import Cell, Table, one_line


def values_table(fetched: Iterable[Fetched]) -> Table:
    """Every value of every stage, in the order given."""
    return Table(
        ("STAGE", "VALUE", "RESULT", "METHOD"),
        tuple(
            (
                Cell(outputs.result.stage),
                Cell(one_line(key)),
                Cell(shown(value)),
                Cell(one_line(outputs.result.method)),
            )
            for outputs in fetched
            for key, value in outputs.result.values.items()
            if key != "method"  # it has a column
        ),
    )


def shown(value: Scalar) -> str:
    """A value in few letters: four digits of a fraction, yes and no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else one_line(str(value))
