"""How many items may fail."""

import pytest

from stagework.policies.failed_items import too_many


@pytest.mark.parametrize(
    ("limit", "failed", "total", "exceeded"),
    [
        (None, 1000, 1000, False),
        ("0", 0, 10, False),
        ("0", 1, 10, True),
        ("5", 5, 10, False),
        ("5", 6, 10, True),
        ("5%", 5, 100, False),
        ("5%", 6, 100, True),
        ("5%", 1, 19, True),
        ("5%", 1, 20, False),
        ("0%", 1, 1_000_000, True),
        ("100%", 10, 10, False),
    ],
)
def test_limit(limit: str | None, failed: int, total: int, exceeded: bool) -> None:
    assert too_many(limit, failed, total) is exceeded


def test_those_that_were_made_good_do_not_count() -> None:
    assert not too_many("5", -3, 10)
