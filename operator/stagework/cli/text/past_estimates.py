"""What estimates of earlier batches were worth, as a table and as one line."""

from collections.abc import Iterable

from stagework.api.estimates import EstimateError, Share
from stagework.cli.text.tables import Cell, Table


def table(errors: Iterable[EstimateError]) -> Table:
    """A row a mark; in brackets what the true share is between."""
    return Table(
        ("BATCHES' ESTIMATES", "BATCHES", "OFF BY", "SAID/TRUE", "ENDED BY P50", "ENDED BY P90"),
        tuple(
            (
                Cell(_when(error)),
                Cell(str(error.batches)),
                Cell(_percent(error.off)),
                Cell(f"{error.p50_to_true:.2f}"),
                Cell(_share(error.below_p50)),
                Cell(_share(error.below_p90)),
            )
            for error in errors
        ),
    )


def sentence(errors: Iterable[EstimateError], percent: float) -> str:
    """Of the last mark that a batch of which so much is handled has passed; empty: none is known.

    `of 40 batches at 25 %: off by 8 %; 52 % had ended by the first number, 91 % by the second`.
    """
    passed = [error for error in errors if error.percent <= percent]
    if not passed:
        return ""
    last = max(passed, key=lambda error: error.percent)
    held = (
        f"{_percent(last.below_p50.share)} had ended by the first number, "
        f"{_percent(last.below_p90.share)} by the second"
    )
    return f"of {last.batches} batches {_when(last)}: off by {_percent(last.off)}; {held}"


def _when(error: EstimateError) -> str:
    return f"at {error.percent} %" if error.percent else "at the beginning"


def _share(share: Share) -> str:
    return f"{_percent(share.share)} ({_percent(share.low)} to {_percent(share.high)})"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
