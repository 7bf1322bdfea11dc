"""What every Store does: the folder, and what obstore reaches, a real S3-compatible server too.

A subclass gives `store`: an empty one that takes files of `LIMIT` bytes.
"""

import hashlib
import os
from collections.abc import AsyncIterator

import pytest

from stagework.artifacts.errors import (
    BadKeyError,
    CutOffError,
    DigestError,
    NotStoredError,
    TooLargeError,
)
from stagework.artifacts.store import Entry, Extent, Store, put

LIMIT = 3_000_000


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


class FileConformance:
    """One file: whole or not at all."""

    @pytest.mark.parametrize("size", [0, 1, 1000, 2_500_000])
    async def test_what_was_put_is_read_again(self, store: Store, size: int) -> None:
        content = os.urandom(size)
        await keep(store, "team/run/a.bin", content)
        assert await content_of(store, "team/run/a.bin") == content
        assert await store.stat("team/run/a.bin") == Entry("team/run/a.bin", size)

    async def test_it_is_read_from_a_byte_on(self, store: Store) -> None:
        await keep(store, "team/run/a", b"0123456789")
        opened = await store.open("team/run/a", 7)
        assert b"".join([chunk async for chunk in opened.chunks]) == b"789"
        assert opened.size == 10

    async def test_a_second_put_replaces_the_first(self, store: Store) -> None:
        await keep(store, "team/run/a", b"first")
        await keep(store, "team/run/a", b"2nd")
        assert await content_of(store, "team/run/a") == b"2nd"

    @pytest.mark.parametrize("came", [b"", b"1234", b"123456"], ids=["none", "fewer", "more"])
    async def test_other_bytes_than_announced_leave_nothing(
        self, store: Store, came: bytes
    ) -> None:
        with pytest.raises(CutOffError):
            await put(store, "team/run/a", stream(came), 5)
        assert await store.stat("team/run/a") is None
        assert await store.folders("") == []
        assert await store.tidy(-1) == 0

    async def test_another_digest_than_announced_leaves_nothing(self, store: Store) -> None:
        with pytest.raises(DigestError):
            await put(store, "team/run/a", stream(b"12345"), 5, "0" * 64)
        assert await store.stat("team/run/a") is None
        assert await store.tidy(-1) == 0

    async def test_a_sender_that_breaks_leaves_what_was_there(self, store: Store) -> None:
        await keep(store, "team/run/a", b"first")

        async def broken() -> AsyncIterator[bytes]:
            yield b"123"
            raise ConnectionError

        with pytest.raises((ConnectionError, OSError)):
            await put(store, "team/run/a", broken(), 5)
        assert await content_of(store, "team/run/a") == b"first"
        assert await store.tidy(-1) == 0

    async def test_a_file_over_the_limit_is_refused_unread(self, store: Store) -> None:
        with pytest.raises(TooLargeError):
            await put(store, "team/run/a", stream(b""), LIMIT + 1)

    async def test_what_nobody_kept_is_tidied(self, store: Store) -> None:
        received = await store.receive(stream(b"12345"), 5)
        assert await store.tidy(3600) == 0
        assert await store.tidy(-1) == 1
        await store.drop(received)

    async def test_a_key_can_come_from_the_digest(self, store: Store) -> None:
        received = await store.receive(stream(b"12345"), 5)
        await store.keep(received, f"team/uploads/{received.sha256}/x")
        assert await store.folders("team/uploads") == [hashlib.sha256(b"12345").hexdigest()]


class ListingConformance:
    """Many files: what is listed, deleted, noted and refused."""

    async def test_listings_are_sorted_and_relative(self, store: Store) -> None:
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

    async def test_what_is_below_a_prefix_is_counted(self, store: Store) -> None:
        await keep(store, "team/run/a", b"12345")
        await keep(store, "team/run/b/c", b"123")
        await keep(store, "team2/run/a", b"x")
        await store.write_note("team/run", "note")
        assert await store.extent("team") == Extent(8, 2)
        assert await store.extent("none") == Extent(0, 0)

    async def test_delete_takes_a_prefix_and_nothing_else(self, store: Store) -> None:
        for key in ("team/run/a", "team/run/b/c", "team/run2/a"):
            await keep(store, key, b"x")
        await store.write_note("team/run", "note")
        assert await store.delete("team/run") == 2
        assert await store.files("team/run") == []
        assert await store.read_note("team/run") is None
        assert await store.folders("team") == ["run2"]
        assert await store.delete("team/run") == 0

    async def test_notes_are_ours_alone(self, store: Store) -> None:
        await keep(store, "team/run/a", b"x")
        assert await store.read_note("team/run") is None
        await store.write_note("team/run", "12.5")
        assert await store.read_note("team/run") == "12.5"
        assert await store.files("team/run") == [Entry("a", 1)]
        await store.write_note("team/run", None)
        await store.write_note("team/run", None)
        assert await store.read_note("team/run") is None

    async def test_the_newest_file_says_how_old_a_prefix_is(self, store: Store) -> None:
        assert await store.newest("team/run") == 0
        await keep(store, "team/run/b/a", b"x")
        assert await store.newest("team/run") > 1_700_000_000

    async def test_what_is_not_there_is_said_to_be_not_there(self, store: Store) -> None:
        await keep(store, "team/run/a/b", b"x")
        for key in ("team/run/x", "team/run/a/c", "none"):
            with pytest.raises(NotStoredError):
                await store.open(key)
            assert await store.stat(key) is None

    @pytest.mark.parametrize("key", ["", "/a", "../a", "a/../b", "a//b", "a/.b", "a\0b", "a\\b"])
    async def test_a_bad_key_is_refused_by_every_method(self, store: Store, key: str) -> None:
        for ask in (
            lambda: put(store, key, stream(b"x"), 1),
            lambda: store.open(key),
            lambda: store.stat(key),
            lambda: store.files(key),
            lambda: store.newest(key),
            lambda: store.delete(key),
            lambda: store.write_note(key, "x"),
            lambda: store.presign_get(key),
            lambda: store.presign_put(key, 1, "0" * 64),
            lambda: store.extent(key),
        ):
            with pytest.raises(BadKeyError):
                await ask()
