"""What was said of earlier batches, and what was true."""

import pytest

from stagework.api.estimates import Eta
from stagework.policies.chunks.calibrate import calibrate
from stagework.policies.chunks.earlier import (
    EarlierBatch,
    Said,
    mark_of,
    ratios,
    said_and_true,
)
from stagework.policies.chunks.estimate_error import estimate_error

AT = 1_764_000_000
SAID = Said(25, 100.0, Eta(110.0, 150.0), AT)


@pytest.mark.parametrize(
    ("handled", "mark"), [(0, 0), (99, 0), (100, 10), (249, 10), (250, 25), (999, 75), (1000, 75)]
)
def test_an_estimate_belongs_to_the_last_mark_that_was_passed(handled: int, mark: int) -> None:
    assert mark_of(handled, 1000) == mark


def test_what_was_said_fits_on_a_line_and_reads_back() -> None:
    assert Said.read(SAID.line) == SAID
    assert SAID.line == "25 100.0 110 150 1764000000"


@pytest.mark.parametrize("line", ["", "25 100.0 110 150", "a b c d e", "25 100 110 150 1 2"])
def test_a_line_that_nobody_of_us_has_written_counts_for_nothing(line: str) -> None:
    assert Said.read(line) is None


def test_the_next_ones_are_corrected_by_what_was_played_and_judged_by_what_was_said() -> None:
    batches = [EarlierBatch([SAID], AT + 200)] * 20
    assert ratios(batches, 25) == [2.0] * 20
    assert ratios(batches, 50) == []
    assert calibrate(Eta(100.0, 130.0), ratios(batches, 25)) == Eta(200.0, 200.0)
    error = estimate_error(25, said_and_true(batches, 25))
    assert error is not None
    assert error.off == pytest.approx(0.45)


def test_an_end_before_what_was_said_says_nothing() -> None:
    assert ratios([EarlierBatch([SAID], AT - 1)], 25) == []
