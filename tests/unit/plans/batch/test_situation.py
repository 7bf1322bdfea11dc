"""What has become of a chunk in flight: only what our own create has told of counts."""

from dataclasses import replace
from typing import Any

from stagework.api.packed_chunk import Chunk
from stagework.children.chunk_run import chunk_run_name
from stagework.plans.batch.situation import (
    Ended,
    Going,
    Impossible,
    Outlived,
    Situation,
    Unmade,
    situation_of,
)
from stagework.plans.made import Child, Made
from stagework.plans.plan import Purpose, Refusal, creation
from tests.support.builders.batches import (
    BATCH_NAME,
    BATCH_UID,
    batch_snapshot,
    make_batch,
    make_child,
)

CHUNK = Chunk(0, 0, 10)
NAME = chunk_run_name(BATCH_NAME, BATCH_UID, CHUNK)
PURPOSE = Purpose("0-0-10", 1)
RECORDED = replace(CHUNK, uid="uid-0-0-10-1")
MADE = Made({NAME: Child(PURPOSE, "uid-0-0-10-1")})


def seen(chunk: Chunk, *children: Any, **known: Any) -> tuple[Chunk, Situation]:
    return situation_of(batch_snapshot(make_batch(), *children, **known), chunk)


def test_a_run_of_its_name_that_nobody_told_of_is_none_of_its_own() -> None:
    assert seen(CHUNK, make_child(CHUNK, ended=True, succeeded=True)) == (CHUNK, Unmade())


def test_one_that_our_create_told_of_is() -> None:
    child = make_child(CHUNK)
    assert seen(CHUNK, child, made=MADE) == (RECORDED, Going(child))


def test_one_on_record_is_after_a_restart_too() -> None:
    child = make_child(CHUNK, ended=True)
    assert seen(RECORDED, child) == (RECORDED, Ended(child))


def test_one_that_somebody_deleted_is_made_again() -> None:
    assert seen(RECORDED) == (CHUNK, Unmade())


def test_but_not_while_its_pods_go_on() -> None:
    assert seen(RECORDED, outliving={RECORDED.uid}) == (RECORDED, Outlived(RECORDED.uid))


def test_one_that_was_made_in_its_place_counts() -> None:
    other = make_child(CHUNK, uid="second")
    made = Made({NAME: Child(PURPOSE, "second")})
    assert seen(RECORDED, other, made=made) == (replace(CHUNK, uid="second"), Going(other))


def test_where_its_name_is_taken_it_takes_another() -> None:
    chunk, situation = seen(CHUNK, made=Made(taken={NAME: PURPOSE}))
    assert (chunk.remake, situation) == (1, Unmade())


def test_what_the_api_server_never_takes_is_said() -> None:
    refusal = Refusal("Invalid", "no")
    refusals = {creation(CHUNK.name, 1): refusal}
    assert seen(CHUNK, refusals=refusals) == (CHUNK, Impossible(refusal))
    assert seen(CHUNK, refusals={creation(CHUNK.name, 1): Refusal("OverQuota", "")})[1] == Unmade()
