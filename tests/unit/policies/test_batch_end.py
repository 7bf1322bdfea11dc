"""How a batch ends."""

from typing import Any

import pytest

from stagework.policies.batch_end import Counts, end_of


def counts(**changes: int) -> Counts:
    return Counts(**{"total": 10, "done": 10, "failed": 0, "skipped": 0, **changes})


ROWS: dict[str, tuple[Counts, dict[str, Any], tuple[str, str]]] = {
    "all done": (counts(), {}, ("True", "Completed")),
    "skipped ones are handled": (counts(done=0, skipped=10), {}, ("True", "Completed")),
    "some failed": (counts(done=7, failed=3), {}, ("True", "CompletedWithFailures")),
    "skipped and failed": (
        counts(done=0, skipped=7, failed=3),
        {},
        ("True", "CompletedWithFailures"),
    ),
    "nothing done": (counts(done=0, failed=10), {}, ("False", "NothingDone")),
    "too many failed": (
        counts(done=3, failed=4),
        {"too_many": True},
        ("False", "TooManyFailedItems"),
    ),
    "stopped on the way": (counts(done=3), {"stopped": True}, ("False", "Stopped")),
    "stopped before its list": (
        counts(total=0, done=0),
        {"stopped": True},
        ("False", "Stopped"),
    ),
    "stopped, and all run since": (counts(), {"stopped": True}, ("True", "Completed")),
}


@pytest.mark.parametrize(("items", "how", "end"), ROWS.values(), ids=ROWS)
def test_end(items: Counts, how: dict[str, Any], end: tuple[str, str]) -> None:
    assert end_of(items, **{"too_many": False, "stopped": False, **how}) == end
