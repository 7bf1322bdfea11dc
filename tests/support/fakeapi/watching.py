"""Watches: the log of changes from a version on, selected, with bookmarks."""

import asyncio
import bisect
from collections.abc import AsyncGenerator

import orjson

from tests.support.fakeapi.failures import expired
from tests.support.fakeapi.faults import Faults
from tests.support.fakeapi.resources import Resource
from tests.support.fakeapi.selectors import Matcher
from tests.support.fakeapi.store import Change, Store, Stored, Table

SLICE = 500


async def follow(
    store: Store,
    resource: Resource,
    faults: Faults,
    *,
    namespace: str,
    matches: Matcher | None,
    since: str,
    bookmark_seconds: float,
    seconds: float,
) -> AsyncGenerator[bytes, None]:
    """Lines of a watch, several at a time, until `seconds` have passed."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    table = store.tables[resource]
    version = store.version if since in {"", "0"} else int(since)
    if since in {"", "0"}:
        present = store.list(resource, namespace, matches)
        yield b"".join(_line("ADDED", stored.raw) for stored in present)
    if version < table.compacted:
        yield _too_old(version, table)
        return
    at = table.dropped + bisect.bisect_right(table.log, version, key=lambda change: change.version)
    bookmark_at = loop.time() + bookmark_seconds
    while loop.time() < end:
        await faults.flow.wait()
        if at < table.dropped:
            yield _too_old(version, table)
            return
        begin = at - table.dropped
        batch = table.log[begin : begin + SLICE]
        at += len(batch)
        if lines := _lines(batch, namespace, matches, faults):
            yield b"".join(lines)
        if loop.time() >= bookmark_at:
            bookmark_at = loop.time() + bookmark_seconds
            if at == table.dropped + len(table.log):
                yield _bookmark(resource, store.version)
        if at == table.dropped + len(table.log):
            await _news(table, min(end, bookmark_at) - loop.time())


def _lines(
    batch: list[Change], namespace: str, matches: Matcher | None, faults: Faults
) -> list[bytes]:
    return [
        line
        for change in batch
        if (line := _line_of(change, namespace, matches))
        for _ in range(1 if faults.deliveries is None else faults.deliveries(change))
    ]


async def _news(table: Table, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()
    table.waiters.append(waiter)
    timer = loop.call_later(max(0.0, seconds), _wake, waiter)
    try:
        await waiter
    finally:
        timer.cancel()
        if waiter in table.waiters:
            table.waiters.remove(waiter)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _line_of(change: Change, namespace: str, matches: Matcher | None) -> bytes | None:
    if namespace and change.last.key[0] != namespace:
        return None
    before = change.old is not None and (matches is None or matches(change.old.data))
    if change.new is None:
        return _line("DELETED", change.last.raw) if before else None
    if matches is None or matches(change.new.data):
        return _line("MODIFIED" if before else "ADDED", change.new.raw)
    if not before or change.old is None:
        return None
    # The real server sends the last state that was selected, with the version of the change.
    data = change.old.data
    meta = {**data["metadata"], "resourceVersion": str(change.version)}
    return _line("DELETED", Stored({**data, "metadata": meta}).raw)


def _line(kind: str, raw: bytes) -> bytes:
    return b'{"type":"%s","object":%s}\n' % (kind.encode(), raw)


def _bookmark(resource: Resource, version: int) -> bytes:
    bare = {
        "kind": resource.kind,
        "apiVersion": resource.api_version,
        "metadata": {"resourceVersion": str(version), "creationTimestamp": None},
    }
    return _line("BOOKMARK", orjson.dumps(bare))


def _too_old(version: int, table: Table) -> bytes:
    failure = expired(f"too old resource version: {version} ({table.compacted})")
    return _line("ERROR", orjson.dumps(failure.body()))
