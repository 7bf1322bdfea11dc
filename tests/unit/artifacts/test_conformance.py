"""The suite of all stores: the folder, and obstore over memory and a folder."""

import shutil
from collections.abc import AsyncIterator
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
from stagework.artifacts.local import LocalStore
from stagework.artifacts.s3 import ObjectStore
from stagework.artifacts.store import Store
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


async def test_uploads_at_the_same_time_do_not_promise_the_same_room(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    nearly_full = LocalStore(tmp_path, max_file_bytes=2**60, min_free_bytes=free // 2)
    first_runs, second = stream(b"x"), int(free * 0.4)

    async def during_the_first() -> AsyncIterator[bytes]:
        with pytest.raises(NoSpaceError):
            await nearly_full.receive(first_runs, second)
        yield b"x"

    with pytest.raises(CutOffError):
        await nearly_full.receive(during_the_first(), second)


async def test_a_symbolic_link_on_the_volume_is_no_artifact(tmp_path: Path) -> None:
    folder = LocalStore(tmp_path / "volume", max_file_bytes=LIMIT)
    await keep(folder, "team/a", b"x")
    (tmp_path / "volume/team/link").symlink_to("/etc/passwd")
    with pytest.raises(NotStoredError):
        await folder.open("team/link")
