"""A real S3-compatible server as the artifact store: what every store does, and what S3 adds."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from stagework.artifacts.errors import CutOffError, DigestError, UnreachableError
from stagework.artifacts.s3 import ObjectStore, connect
from stagework.artifacts.store import OpenFile, Store, put
from stagework.batches.books import Books
from stagework.settings import S3Settings
from stagework.web.sweep import Sweeper
from tests.support.artifacts.conformance import (
    LIMIT,
    FileConformance,
    ListingConformance,
    content_of,
    keep,
    stream,
)
from tests.support.fakeapi.eventually import eventually
from tests.support.history.memory import MemoryHistory
from tests.support.s3server import Bucket, S3Server
from tests.unit.web.batch_books import Operator
from tests.unit.web.fake_cluster import FakeCluster
from tests.unit.web.service import running

MANY = 10_000
LARGE = 12 * 1024 * 1024
"""Sent in three parts."""


def store_of(bucket: Bucket, keys: Path, limit: int = 10**9, /, **change: Any) -> ObjectStore:
    """As an administrator sets it."""
    settings = S3Settings.model_validate(bucket.settings(keys, **change))
    return ObjectStore(connect(settings), max_file_bytes=limit)


@pytest.fixture
def store(bucket: Bucket, keys: Path) -> ObjectStore:
    """The bucket."""
    return store_of(bucket, keys)


class TestFiles(FileConformance):
    @pytest.fixture(params=["", "some/prefix/"])
    def store(self, request: pytest.FixtureRequest, bucket: Bucket, keys: Path) -> Store:
        return store_of(bucket, keys, LIMIT, prefix=request.param)


class TestListings(ListingConformance):
    @pytest.fixture(params=["", "some/prefix/"])
    def store(self, request: pytest.FixtureRequest, bucket: Bucket, keys: Path) -> Store:
        return store_of(bucket, keys, LIMIT, prefix=request.param)


async def test_a_large_file_goes_in_parts_and_is_whole(store: ObjectStore, bucket: Bucket) -> None:
    content = os.urandom(LARGE)
    await keep(store, "team/run/large", content)
    assert await content_of(store, "team/run/large") == content
    assert (bucket.laid(), bucket.unfinished()) == (["team/run/large"], [])


@pytest.mark.parametrize("kind", ["cut", "more", "digest", "broken"])
async def test_a_large_upload_that_goes_wrong_leaves_no_part_in_the_bucket(
    store: ObjectStore, bucket: Bucket, kind: str
) -> None:
    content = bytes(LARGE)

    async def sent() -> AsyncIterator[bytes]:
        async for chunk in stream(content, 1024 * 1024):
            yield chunk
        if kind == "broken":
            raise ConnectionError

    size = LARGE + {"cut": 1, "more": -1, "digest": 0, "broken": 1}[kind]
    with pytest.raises((CutOffError, DigestError, ConnectionError)):
        await put(store, "team/run/large", sent(), size, "0" * 64)
    assert (bucket.laid(), bucket.unfinished()) == ([], [])


async def test_an_upload_that_is_cancelled_leaves_no_part_in_the_bucket(
    store: ObjectStore, bucket: Bucket
) -> None:
    sent, forever = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield bytes(LARGE)
        sent.set()
        await forever.wait()

    uploading = asyncio.create_task(put(store, "team/run/large", slow(), 2 * LARGE))
    await sent.wait()
    await eventually(lambda: bool(bucket.unfinished()))
    uploading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await uploading
    assert (bucket.laid(), bucket.unfinished()) == ([], [])


async def test_ten_thousand_files_are_listed_and_deleted_and_none_beside_them(
    store: ObjectStore, bucket: Bucket
) -> None:
    there = bucket.lay_numbered("team/run/{:05}", MANY)
    bucket.lay("team/run2/a", b"x")
    files = await store.files("team/run")
    assert [f"team/run/{entry.path}" for entry in files] == there
    assert await store.delete("team/run") == MANY
    assert bucket.laid() == ["team/run2/a"]


ASKED: list[tuple[str, Callable[[Store], Awaitable[object]]]] = [
    ("put", lambda store: put(store, "a/b", stream(b"x"), 1)),
    ("large put", lambda store: put(store, "a/b", stream(bytes(LARGE), LARGE), LARGE)),
    ("open", lambda store: store.open("a/b")),
    ("stat", lambda store: store.stat("a/b")),
    ("files", lambda store: store.files("a")),
    ("folders", lambda store: store.folders("a")),
    ("newest", lambda store: store.newest("a")),
    ("delete", lambda store: store.delete("a")),
    ("write note", lambda store: store.write_note("a", "x")),
    ("read note", lambda store: store.read_note("a")),
    ("tidy", lambda store: store.tidy(1)),
]


@pytest.mark.parametrize("ask", [ask for _, ask in ASKED], ids=[name for name, _ in ASKED])
async def test_where_the_store_is_not_as_it_should_be_nothing_is_said_to_be_missing(
    bucket: Bucket, keys: Path, ask: Callable[[Store], Awaitable[object]]
) -> None:
    wrong = keys.parent / "wrong"
    wrong.write_text("nobody's")
    for change, sentence in (
        ({"secretAccessKeyFile": str(wrong)}, "refuses our key"),
        ({"accessKeyIdFile": str(wrong)}, "for our key"),
        ({"bucket": "none-of-ours"}, "no such bucket for our key"),
    ):
        with pytest.raises(UnreachableError, match=sentence) as error:
            await ask(store_of(bucket, keys, **change))
        assert bucket.server.secret not in str(error.value)


async def test_while_the_server_is_away_nothing_is_said_to_be_missing_and_then_all_is_there(
    server: S3Server, store: ObjectStore
) -> None:
    await keep(store, "a/b", b"content")
    server.stop()
    for name, ask in ASKED:
        if name != "large put":
            with pytest.raises(UnreachableError, match="does not answer as it should"):
                await ask(store)
    server.start()
    assert await content_of(store, "a/b") == b"content"
    assert await store.tidy(-1) == 0


async def test_a_server_that_goes_away_in_mid_file_is_no_end_of_the_file(
    server: S3Server, store: ObjectStore, bucket: Bucket
) -> None:
    bucket.lay("a/large", bytes(64 * 1024 * 1024))
    opened = await store.open("a/large")
    assert await anext(opened.chunks)
    server.stop()
    with pytest.raises(UnreachableError):
        await _whole(opened)


async def _whole(opened: OpenFile) -> bytes:
    return b"".join([chunk async for chunk in opened.chunks])


def test_the_service_says_that_its_store_is_away_and_goes_on_when_it_is_back(
    server: S3Server, store: ObjectStore, tmp_path: Path
) -> None:
    with running(tmp_path / "volume", store) as service:
        operator = Operator(service)
        alice = service.cluster.person("alice", ("create", "team"))
        server.stop()
        waits = operator.freeze_numbered(3)
        assert (waits.status, waits.json["reason"]) == (503, "ArtifactsUnavailable")
        assert "does not answer as it should" in waits.json["detail"]
        upload = service.ask("PUT", "/v1/uploads/team/a.png", alice, b"a picture")
        assert (upload.status, upload.headers["retry-after"]) == (503, "10")
        assert "the store does not answer" in upload.json["error"]
        server.start()
        assert operator.freeze_numbered(3).json["total"] == 3
        upload = service.ask("PUT", "/v1/uploads/team/a.png", alice, b"a picture")
        assert upload.json["sha256"] == hashlib.sha256(b"a picture").hexdigest()


async def test_a_sweep_that_finds_the_store_away_is_given_up_and_comes_again(
    server: S3Server, bucket: Bucket, store: ObjectStore, caplog: pytest.LogCaptureFixture
) -> None:
    cluster, history = FakeCluster(), MemoryHistory()
    sweeper = Sweeper(
        store,
        cluster,
        books=Books(store, history.items),
        items=history.items,
        namespaces=(),
        keep_seconds=100,
        clock=lambda: 1000.0,
    )
    await keep(store, "team/run-1/ocr/1-a/x", b"x")
    server.stop()
    sweeping = asyncio.create_task(sweeper.run(every_seconds=0.01))
    try:
        await eventually(lambda: "sweep given up" in caplog.text, seconds=30)
        server.start()
        await eventually(lambda: _is_noted(bucket) or sweeping.done(), seconds=30)
        assert not sweeping.done()
    finally:
        sweeping.cancel()


def _is_noted(bucket: Bucket) -> bool:
    return (bucket.folder / "team/run-1/.note").exists()
