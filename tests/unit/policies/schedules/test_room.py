"""Is there room for one more run, and which that have ended are kept?"""

from datetime import UTC, datetime

import pytest

from stagework.api.scheduledjob import EndedRun, Overlap
from stagework.policies.schedules.kept import surplus
from stagework.policies.schedules.room import NoRoom, Start, Wait, room_for

ROWS: dict[str, tuple[Overlap, int, int, int, Start | Wait | NoRoom]] = {
    "nothing is at work": ("Skip", 0, 0, 1, Start()),
    "one of two is": ("Skip", 1, 0, 2, Start()),
    "one of two is, and one waits": ("Skip", 1, 1, 2, NoRoom("MaxInstances")),
    "all are": ("Skip", 1, 0, 1, NoRoom("MaxInstances")),
    "all are, and it waits": ("Queue", 1, 0, 1, Wait()),
    "nothing is, but others wait before it": ("Queue", 0, 1, 1, Wait()),
    "the queue is full": ("Queue", 1, 4, 1, NoRoom("QueueFull")),
    "the oldest goes for it": ("Replace", 2, 0, 2, Wait()),
    "more than may be are at work": ("Replace", 3, 0, 1, Wait()),
    "what it would replace is gone": ("Replace", 0, 1, 1, Wait()),
}


@pytest.mark.parametrize("row", ROWS)
def test_what_becomes_of_a_slot(row: str) -> None:
    overlap, active, waiting, most, wanted = ROWS[row]
    answer = room_for(overlap, active=active, waiting=waiting, max_instances=most, max_waiting=4)
    assert answer == wanted


def test_the_last_ones_of_each_sort_are_kept() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    ended = [
        EndedRun(name=name, uid=name, slot=moment, succeeded=name.startswith("s"))
        for name in ("s1", "f1", "s2", "f2", "s3")
    ]

    def going(successful: int, failed: int) -> list[str]:
        return [run.name for run in surplus(ended, successful=successful, failed=failed)]

    assert going(3, 2) == []
    assert going(1, 1) == ["s1", "s2", "f1"]
    assert going(0, 0) == ["s1", "s2", "s3", "f1", "f2"]
