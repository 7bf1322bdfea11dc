"""One suite for every store: the folder, and obstore over memory and a folder."""

import hashlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from obstore.store import LocalStore as ObstoreFolder
from obstore.store import MemoryStore

from stagework.artifacts.errors import (
    BadKeyError,
    CutOffError,
    DigestError,
    NoSpaceError,
    NotStoredError,
    OccupiedError,
    TooLargeError,
)
from stagework.artifacts.local import LocalStore
from stagework.artifacts.s3 import ObjectStore
from stagework.artifacts.store import Entry, Store, put

LIMIT = 3_000_000


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


async def stream(content: bytes, chunk: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), chunk):
        yield content[start : start + chunk]


async def keep(store: Store, key: str, content: bytes) -> None:
    digest = hashlib.sha256(content).hexdigest()
    received = await put(store, key, stream(content), len(content), digest)
    assert (received.size, received.sha256) == (len(content), digest)


async def content_of(store: Store, key: str) -> bytes:
    opened = await store.open(key)
    content = b"".join([chunk async for chunk in opened.chunks])
    assert opened.size == len(content)
    assert opened.sha256 in ("", hashlib.sha256(content).hexdigest())
    return content


@pytest.mark.parametrize("size", [0, 1, 1000, 2_500_000])
async def test_what_was_put_is_read_again(store: Store, size: int) -> None:
    content = os.urandom(size)
    await keep(store, "team/run/a.bin", content)
    assert await content_of(store, "team/run/a.bin") == content
    assert await store.stat("team/run/a.bin") == Entry("team/run/a.bin", size)


async def test_a_second_put_replaces_the_first(store: Store) -> None:
    await keep(store, "team/run/a", b"first")
    await keep(store, "team/run/a", b"2nd")
    assert await content_of(store, "team/run/a") == b"2nd"


@pytest.mark.parametrize("came", [b"", b"1234", b"123456"], ids=["none", "fewer", "more"])
async def test_other_bytes_than_announced_leave_nothing(store: Store, came: bytes) -> None:
    with pytest.raises(CutOffError):
        await put(store, "team/run/a", stream(came), 5)
    assert await store.stat("team/run/a") is None
    assert await store.folders("") == []
    assert await store.tidy(-1) == 0


async def test_another_digest_than_announced_leaves_nothing(store: Store) -> None:
    with pytest.raises(DigestError):
        await put(store, "team/run/a", stream(b"12345"), 5, "0" * 64)
    assert await store.stat("team/run/a") is None
    assert await store.tidy(-1) == 0


async def test_a_sender_that_breaks_leaves_what_was_there(store: Store) -> None:
    await keep(store, "team/run/a", b"first")

    async def broken() -> AsyncIterator[bytes]:
        yield b"123"
        raise ConnectionError

    with pytest.raises((ConnectionError, OSError)):
        await put(store, "team/run/a", broken(), 5)
    assert await content_of(store, "team/run/a") == b"first"
    assert await store.tidy(-1) == 0


async def test_a_file_over_the_limit_is_refused_unread(store: Store) -> None:
    with pytest.raises(TooLargeError):
        await put(store, "team/run/a", stream(b""), LIMIT + 1)


async def test_what_nobody_kept_is_tidied(store: Store) -> None:
    received = await store.receive(stream(b"12345"), 5)
    assert await store.tidy(3600) == 0
    assert await store.tidy(-1) == 1
    await store.drop(received)


async def test_a_key_can_come_from_the_digest(store: Store) -> None:
    received = await store.receive(stream(b"12345"), 5)
    await store.keep(received, f"team/uploads/{received.sha256}/x")
    assert await store.folders("team/uploads") == [hashlib.sha256(b"12345").hexdigest()]


async def test_listings_are_sorted_and_relative(store: Store) -> None:
    for path in ("b/c.txt", "a.txt", "b/a.txt"):
        await keep(store, f"team/run/{path}", path.encode())
    await keep(store, "team/run2/x", b"x")
    assert await store.files("team/run") == [
        Entry("a.txt", 5),
        Entry("b/a.txt", 7),
        Entry("b/c.txt", 7),
    ]
    assert await store.files("team/none") == []
    assert await store.folders("team") == ["run", "run2"]
    assert await store.folders("") == ["team"]
    assert await store.folders("none") == []


async def test_delete_takes_a_prefix_and_nothing_else(store: Store) -> None:
    for key in ("team/run/a", "team/run/b/c", "team/run2/a"):
        await keep(store, key, b"x")
    await store.write_note("team/run", "note")
    assert await store.delete("team/run") == 2
    assert await store.files("team/run") == []
    assert await store.read_note("team/run") is None
    assert await store.folders("team") == ["run2"]
    assert await store.delete("team/run") == 0


async def test_notes_are_ours_alone(store: Store) -> None:
    await keep(store, "team/run/a", b"x")
    assert await store.read_note("team/run") is None
    await store.write_note("team/run", "12.5")
    assert await store.read_note("team/run") == "12.5"
    assert await store.files("team/run") == [Entry("a", 1)]
    await store.write_note("team/run", None)
    await store.write_note("team/run", None)
    assert await store.read_note("team/run") is None


async def test_the_newest_file_tells_a_prefixs_age(store: Store) -> None:
    assert await store.newest("team/run") == 0
    await keep(store, "team/run/b/a", b"x")
    assert await store.newest("team/run") > 1_700_000_000


async def test_what_is_not_there_is_said_to_be_not_there(store: Store) -> None:
    await keep(store, "team/run/a/b", b"x")
    for key in ("team/run/x", "team/run/a/c", "none"):
        with pytest.raises(NotStoredError):
            await store.open(key)
        assert await store.stat(key) is None


@pytest.mark.parametrize("key", ["", "/a", "../a", "a/../b", "a//b", "a/.b", "a\0b", "a\\b"])
async def test_a_bad_key_is_refused_by_every_method(store: Store, key: str) -> None:
    for ask in (
        lambda: put(store, key, stream(b"x"), 1),
        lambda: store.open(key),
        lambda: store.stat(key),
        lambda: store.files(key),
        lambda: store.newest(key),
        lambda: store.delete(key),
        lambda: store.write_note(key, "x"),
        lambda: store.presign_get(key),
        lambda: store.presign_put(key),
    ):
        with pytest.raises(BadKeyError):
            await ask()


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
