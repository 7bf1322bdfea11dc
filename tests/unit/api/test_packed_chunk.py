"""A chunk as one line: all of it comes back, and what nobody wrote is no chunk."""

import pytest

from stagework.api.packed_chunk import Chunk, pack, unpack

UID = "0c6ac7a5-3b87-4e9e-9f5b-2f6a5f0f1a11"
CHUNKS = {
    "plain": Chunk(0, 120, 10),
    "with its run": Chunk(0, 120, 10, uid=UID),
    "another attempt under another name": Chunk(2, 0, 7, attempt=3, remake=19),
    "a part": Chunk(0, 124, 1, origin=(120, 10), partings=1, uid=UID),
    "largest": Chunk(
        20, 999_999, 1000, attempt=11, remake=19, origin=(999_000, 1000), partings=0, uid=UID
    ),
    "a uid of another form": Chunk(0, 0, 1, uid="no-uuid"),
    "a uid of as many letters as a short one": Chunk(0, 0, 1, uid="x" * 21 + "="),
}


@pytest.mark.parametrize("chunk", CHUNKS.values(), ids=CHUNKS)
def test_all_of_it_comes_back(chunk: Chunk) -> None:
    assert unpack(pack(chunk)) == chunk


def test_a_plain_one_is_short() -> None:
    assert pack(CHUNKS["plain"]) == "r0:120+10/1"


def test_a_uid_takes_less_than_its_own_length() -> None:
    assert len(pack(CHUNKS["with its run"])) < len(UID)


@pytest.mark.parametrize(
    "line", ["", "r0:1+0/1", "r0:1+1/0", "0:1+1/1", "r0:1+1/1 a b", "r0:12345678+1/1", "r0:1+1"]
)
def test_what_the_operator_did_not_write_is_none(line: str) -> None:
    assert unpack(line) is None


def test_a_part_knows_the_chunk_that_it_came_from() -> None:
    part = Chunk(0, 120, 10, attempt=2, uid=UID).part(range(4, 7), 2)
    assert part == Chunk(0, 124, 3, origin=(120, 10), partings=2)
    assert part.part(range(1, 2), 1) == Chunk(0, 125, 1, origin=(120, 10), partings=1)
