"""How many items of a batch are handled, also while some of them are to run again."""

import pytest

from stagework.api.batch import BatchStatus
from stagework.policies.handled_items import (
    handled_items,
    stored_chunks,
    unbegun_items,
    waiting_rounds,
)

FIRST = BatchStatus(total=60, done=28, failed=2, roundTotal=60, nextPosition=50)
AGAIN = BatchStatus(total=60, done=58, failed=2, round=1, roundTotal=2, nextPosition=2)


@pytest.mark.parametrize(
    ("status", "lines", "handled"),
    [
        (BatchStatus(), [], 0),
        (FIRST, ["r0:30+10/1", "r0:40+10/2 uid"], 30),
        (AGAIN.evolve(nextPosition=0), [], 58),
        (AGAIN, ["r1:0+2/1 uid"], 58),
        (AGAIN, ["r1:0+1/1 uid", "r1:1+1/1^0+2"], 58),
        (AGAIN, [], 60),
        (AGAIN.evolve(waitingRounds=["2:3"]), [], 57),
    ],
    ids=["nothing", "first round", "asked for", "again", "in parts", "over", "once more"],
)
def test_what_is_to_run_again_is_not_handled(
    status: BatchStatus, lines: list[str], handled: int
) -> None:
    assert handled_items(status, stored_chunks(lines)) == handled


def test_more_was_never_handled_than_is_counted() -> None:
    assert handled_items(FIRST.evolve(nextPosition=60), ()) == 30


def test_what_is_in_no_chunk_yet_is_of_this_round_and_of_those_that_wait() -> None:
    status = FIRST.evolve(waitingRounds=["1:3", "2:4"])
    assert waiting_rounds(status) == [(1, 3), (2, 4)]
    assert unbegun_items(status) == 17


def test_what_somebody_wrote_there_by_hand_counts_for_nothing() -> None:
    assert stored_chunks(["r0:0+5/1", "mine", ""]) == stored_chunks(["r0:0+5/1"])
    assert waiting_rounds(FIRST.evolve(waitingRounds=["x:3", "1:y", "3"])) == []
