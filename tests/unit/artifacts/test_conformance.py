"""The suite of all stores: the folder, and obstore over memory and a folder."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from obstore.store import LocalStore as ObstoreFolder
from obstore.store import MemoryStore

from stagework.artifacts.errors import (
    CutOffError,
    NoSpaceError,
    NotStoredError,
    OccupiedError,
)
from stagework.artifacts.local import CHUNK_BYTES, LocalStore
from stagework.artifacts.room import Room, room_of
from stagework.artifacts.s3 import ObjectStore
from stagework.artifacts.store import Extent, Store
from tests.support.artifacts.conformance import (
    LIMIT,
    FileConformance,
    ListingConformance,
    keep,
    stream,
)


@pytest.fixture(params=["folder", "obstore memory", "obstore folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each kind of store, empty."""
    if request.param == "folder":
        return LocalStore(tmp_path / "volume", max_file_bytes=LIMIT)
    if request.param == "obstore memory":
        return ObjectStore(MemoryStore(), max_file_bytes=LIMIT)
    folder = tmp_path / "bucket"
    return ObjectStore(
        ObstoreFolder(str(folder), automatic_cleanup=True, mkdir=True), max_file_bytes=LIMIT
    )


class TestFiles(FileConformance):
    """With `store` above."""


class TestListings(ListingConformance):
    """Likewise."""


async def test_a_file_and_a_folder_cannot_share_a_name(tmp_path: Path) -> None:
    folder = LocalStore(tmp_path, max_file_bytes=LIMIT)
    await keep(folder, "team/a", b"x")
    with pytest.raises(OccupiedError):
        await keep(folder, "team/a/b", b"x")
    await keep(folder, "team/d/e", b"x")
    with pytest.raises(OccupiedError):
        await keep(folder, "team/d", b"x")
    assert await folder.tidy(-1) == 0


def room(free: Extent) -> Callable[[Path], Room]:
    """A volume with so much free."""
    return lambda _folder: Room(Extent(2**40, 2**30), free)


async def test_what_is_announced_takes_no_room_from_others(tmp_path: Path) -> None:
    folder = LocalStore(tmp_path, max_file_bytes=2**60, room=room(Extent(10**9, 2**20)))

    async def meanwhile() -> AsyncIterator[bytes]:
        for number in range(60):
            await keep(folder, f"team/{number}", b"x")
        yield b"x"

    with pytest.raises(CutOffError):
        await folder.receive(meanwhile(), 10**12)


async def test_what_comes_must_have_room_when_it_comes(tmp_path: Path) -> None:
    free = 5 * CHUNK_BYTES

    def left(folder: Path) -> Room:
        written = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        return Room(Extent(2**40, 2**30), Extent(free - written, 2**20))

    nearly_full = LocalStore(
        tmp_path, max_file_bytes=2**60, min_free_bytes=2 * CHUNK_BYTES, room=left
    )
    one = b"x" * CHUNK_BYTES
    await keep(nearly_full, "team/a", one)
    with pytest.raises(NoSpaceError) as caught:
        await nearly_full.receive(stream(one * 3, CHUNK_BYTES), 3 * CHUNK_BYTES)
    assert str(caught.value) == "the artifact volume is nearly full"  # no figure of the volume's
    assert await nearly_full.tidy(-1) == 0
    await keep(nearly_full, "team/b", one)


async def test_a_volume_with_no_room_for_files_takes_none(tmp_path: Path) -> None:
    folder = LocalStore(tmp_path, max_file_bytes=LIMIT, room=room(Extent(2**40, 999)))
    with pytest.raises(NoSpaceError):
        await keep(folder, "team/a", b"x")


def test_a_real_volume_says_what_it_has(tmp_path: Path) -> None:
    real = room_of(tmp_path)
    assert 0 < real.free.size <= real.all.size
    assert 0 < real.free.files <= real.all.files


async def test_a_symbolic_link_on_the_volume_is_no_artifact(tmp_path: Path) -> None:
    folder = LocalStore(tmp_path / "volume", max_file_bytes=LIMIT)
    await keep(folder, "team/a", b"x")
    (tmp_path / "volume/team/link").symlink_to("/etc/passwd")
    with pytest.raises(NotStoredError):
        await folder.open("team/link")
