"""What follows from a chunk's failure, row by row."""

from typing import Any

import pytest

from stagework.api import names
from stagework.policies.failed_chunk import NO_ITEM, FailedChunk, after_failure


def failed(reason: str = names.EXIT_CODE, **changes: Any) -> FailedChunk:
    fields: dict[str, Any] = {"items": 10, "attempt": 1, "is_part": False, "known": 0}
    return FailedChunk(reason, **{**fields, **changes})


ROWS: dict[str, tuple[FailedChunk, str]] = {
    "how much is known must be asked first": (failed(known=None), "Ask"),
    "the first time it is run again as a whole": (failed(), "Again"),
    "the second time it is parted": (failed(attempt=2), "Part"),
    "a part is not run again as a whole": (failed(is_part=True), "Part"),
    "a part of one item is what fails": (failed(is_part=True, items=1), "Count"),
    "one item alone is tried twice": (failed(items=1), "Again"),
    "and then it has failed": (failed(items=1, attempt=2), "Count"),
    "nothing is left to find out": (failed(known=10), "Count"),
    "an image is no item's fault": (failed(names.START_DEADLINE, known=None), "Again"),
    "for as often as is allowed": (failed(names.START_DEADLINE, attempt=3), "Again"),
    "and is never parted": (failed(names.START_DEADLINE, attempt=4), "Count"),
    "nor is a part for it": (failed(names.START_DEADLINE, attempt=4, is_part=True), "Count"),
    "a person has stopped its run": (failed(names.STOPPED), "Count"),
    "it can only be refused again": (failed(names.RUN_REFUSED), "Count"),
}


@pytest.mark.parametrize(("chunk", "verdict"), ROWS.values(), ids=ROWS)
def test_verdict(chunk: FailedChunk, verdict: str) -> None:
    assert after_failure(chunk, 3, may_begin=True) == verdict


@pytest.mark.parametrize("chunk", [chunk for chunk, _ in ROWS.values()], ids=ROWS)
def test_where_nothing_may_be_begun_its_items_are_counted(chunk: FailedChunk) -> None:
    assert after_failure(chunk, 3, may_begin=False) == "Count"


def test_without_retries_it_is_parted_at_once() -> None:
    assert after_failure(failed(), 0, may_begin=True) == "Part"


@pytest.mark.parametrize("reason", sorted(NO_ITEM))
@pytest.mark.parametrize("attempt", range(1, 6))
def test_what_is_no_items_fault_never_parts_a_chunk(reason: str, attempt: int) -> None:
    for known in (None, 0, 5):
        chunk = failed(reason, attempt=attempt, known=known)
        assert after_failure(chunk, 3, may_begin=True) == ("Again" if attempt <= 3 else "Count")
