"""The cached objects of the API server, whatever happens to watches and lists."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest_asyncio

from stagework.cluster.cache.reflector import RESYNC_PAGE_SIZE, RESYNC_PAUSE_SECONDS, Reflector
from stagework.cluster.cache.store import Change
from stagework.cluster.client.kubeapi import KubeApi
from tests.support.fakeapi.eventually import eventually
from tests.support.fakeapi.faults import about
from tests.support.fakeapi.resources import CONFIG_MAPS
from tests.support.fakeapi.server import FakeApi
from tests.support.fakeapi.store import Stored

LABELS = {"kept": "yes"}


class Meta(msgspec.Struct):
    uid: str
    resourceVersion: str
    name: str
    namespace: str = ""
    deletionTimestamp: str | None = None


class Map(msgspec.Struct):
    metadata: Meta
    data: dict[str, str] = {}


@dataclass
class Followed:
    """A reflector and what its listener has heard."""

    reflector: Reflector[Map]
    fake: FakeApi
    heard: list[str] = field(default_factory=list[str])
    changes: list[Change[Map]] = field(default_factory=list[Change[Map]])
    problems: list[str] = field(default_factory=list[str])
    clumsy: bool = False

    @property
    def values(self) -> dict[str, str]:
        objects = self.reflector.store.objects.values()
        return {cached.metadata.name: cached.data.get("x", "") for cached in objects}

    @property
    def real(self) -> dict[str, str]:
        objects = self.fake.store.list(CONFIG_MAPS)
        return {
            stored.meta["name"]: stored.data.get("data", {}).get("x", "")
            for stored in objects
            if stored.meta.get("labels") == LABELS
        }

    def make(self, name: str, x: str = "") -> Stored:
        meta = {"name": name, "labels": LABELS}
        return self.fake.store.create(CONFIG_MAPS, "ns", {"metadata": meta, "data": {"x": x}})

    def change(self, name: str, x: str) -> Stored:
        return self.fake.store.patch(CONFIG_MAPS, "ns", name, {"data": {"x": x}})

    def remove(self, name: str) -> None:
        self.fake.store.delete(CONFIG_MAPS, "ns", name)

    async def agrees(self, seconds: float = 5.0) -> None:
        await eventually(lambda: self.values == self.real, seconds=seconds)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[None, None]:
        task = asyncio.create_task(self.reflector.run())
        try:
            await asyncio.wait_for(self.reflector.synced.wait(), 5)
            # Tests want to see what the watch does, so it must be there.
            await eventually(lambda: self.fake.record.counts["WATCH configmaps"] > 0)
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def sentence(change: Change[Map]) -> str:
    known = change.new or change.last or change.old
    assert known is not None
    if change.new is None:
        return f"-{known.metadata.name}" if change.last else f"?{known.metadata.name}"
    return f"{'~' if change.old else '+'}{known.metadata.name}={known.data.get('x', '')}"


def follow(fake: FakeApi, api: KubeApi, **options: Any) -> Followed:
    def on_change(change: Change[Map]) -> None:
        cached.changes.append(change)
        cached.heard.append(sentence(change))
        if cached.clumsy:
            raise ValueError("no")

    def on_problem(sentence: str, error: Exception) -> None:
        cached.problems.append(f"{sentence}: {error}")

    reflector = Reflector(
        api,
        CONFIG_MAPS.path(),
        Map,
        on_change,
        params={"labelSelector": "kept"},
        on_problem=on_problem,
        rng=lambda: 0.0,
        **options,
    )
    cached = Followed(reflector, fake)
    return cached


@pytest_asyncio.fixture
async def cached(fake: FakeApi, api: KubeApi) -> Followed:
    return follow(fake, api)


async def test_lists_then_follows(cached: Followed) -> None:
    cached.make("a", "1")
    async with cached.running():
        cached.make("b", "1")
        cached.change("a", "2")
        cached.remove("b")
        await eventually(lambda: len(cached.heard) == 4)
    assert cached.heard == ["+a=1", "+b=1", "~a=2", "-b"]
    assert cached.problems == []


async def test_leaving_the_selection_shows_the_last_state_without_deletion(
    cached: Followed,
) -> None:
    cached.make("a", "1")
    async with cached.running():
        cached.fake.store.patch(CONFIG_MAPS, "ns", "a", {"metadata": {"labels": {"kept": None}}})
        await eventually(lambda: len(cached.changes) == 2)
    last = cached.changes[1].last
    assert last is not None
    assert last.metadata.deletionTimestamp is None


async def test_other_objects_are_not_seen(cached: Followed) -> None:
    async with cached.running():
        cached.fake.store.create(CONFIG_MAPS, "ns", {"metadata": {"name": "other"}})
        cached.make("a")
        await cached.agrees()
    assert cached.heard == ["+a="]


async def test_long_first_lists_come_in_pages(cached: Followed) -> None:
    for number in range(1203):
        cached.make(f"m{number}")
    async with cached.running():
        assert len(cached.reflector.store.objects) == 1203
    assert cached.fake.record.counts["LIST configmaps"] == 3


async def test_a_dropped_watch_goes_on_where_it_was(cached: Followed) -> None:
    async with cached.running():
        cached.make("a", "1")
        await cached.agrees()
        cached.fake.drop_watches()
        cached.change("a", "2")
        cached.make("b")
        cached.remove("a")
        await cached.agrees()
    assert cached.heard == ["+a=1", "~a=2", "+b=", "-a"]
    assert cached.fake.record.counts["LIST configmaps"] == 1


async def test_after_410_the_list_is_compared_with_the_cache(cached: Followed) -> None:
    for name in "abc":
        cached.make(name, "1")
    async with cached.running():
        cached.fake.faults.flow.clear()
        cached.change("a", "2")
        cached.remove("b")
        cached.make("d", "1")
        cached.fake.compact()
        cached.fake.drop_watches()
        cached.fake.faults.flow.set()
        await cached.agrees()
    assert cached.heard[3:] == ["~a=2", "+d=1", "?b"]


async def test_repeated_events_count_once(cached: Followed) -> None:
    cached.fake.faults.deliveries = lambda _: 3
    async with cached.running():
        cached.make("a", "1")
        cached.change("a", "2")
        cached.remove("a")
        cached.make("b", "1")
        await cached.agrees()
    assert cached.heard == ["+a=1", "~a=2", "-a", "+b=1"]


async def test_swallowed_events_are_found_by_a_new_list(cached: Followed) -> None:
    cached.make("a", "1")
    async with cached.running():
        cached.fake.faults.deliveries = lambda _: 0
        cached.change("a", "2")
        cached.make("b", "1")
        cached.remove("b")
        cached.make("c", "1")
        await asyncio.sleep(0.05)
        await cached.reflector.relist()
        assert cached.values == cached.real
    assert cached.heard == ["+a=1", "~a=2", "+c=1"]


async def test_a_resync_pauses_between_small_pages_and_finds_the_same(
    fake: FakeApi, api: KubeApi
) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        cached.make(f"meanwhile-{len(pauses)}", "1")

    cached = follow(fake, api, sleep=sleep)
    for number in range(2 * RESYNC_PAGE_SIZE + 2):
        cached.make(f"m-{number}", "1")
    await cached.reflector.relist()
    cached.change("m-7", "2")
    cached.remove("m-8")

    await cached.reflector.resync()

    assert pauses == [RESYNC_PAUSE_SECONDS] * 2
    assert cached.heard[-2:] == ["~m-7=2", "?m-8"], (
        "what came during the resync is the watch's to tell"
    )


async def test_a_silent_watch_is_given_up(fake: FakeApi, api: KubeApi) -> None:
    cached = follow(fake, api, silence_seconds=0.2)
    async with cached.running():
        fake.faults.flow.clear()
        cached.make("a", "1")
        await eventually(lambda: bool(cached.problems))
        assert "silent" in cached.problems[0]
        assert cached.values == {}
        fake.faults.flow.set()
        await cached.agrees()


async def test_events_lost_in_a_silent_watch_are_found(fake: FakeApi, api: KubeApi) -> None:
    cached = follow(fake, api, silence_seconds=0.2)
    async with cached.running():
        fake.faults.deliveries = lambda _: 0
        cached.make("a", "1")
        await cached.agrees()
    assert fake.record.counts["LIST configmaps"] > 1


async def test_bookmarks_keep_a_quiet_watch_and_its_version(fake: FakeApi, api: KubeApi) -> None:
    fake.bookmark_seconds = 0.05
    cached = follow(fake, api, silence_seconds=0.5)
    async with cached.running():
        for _ in range(20):
            fake.store.create(CONFIG_MAPS, "ns", {"metadata": {"generateName": "other-"}})
            await asyncio.sleep(0.05)
        assert cached.reflector.last_contact_seconds() < 0.5
        fake.compact()
        fake.drop_watches()
        cached.make("a")
        await cached.agrees()
    assert fake.record.counts["LIST configmaps"] == 1


async def test_nobody_hears_of_our_own_write_nor_of_its_echo(cached: Followed) -> None:
    cached.make("a", "1")
    async with cached.running():
        cached.fake.faults.flow.clear()
        answer = msgspec.json.decode(cached.change("a", "2").raw, type=Map)
        assert cached.reflector.feed.record(answer)
        assert not cached.reflector.feed.record(answer)
        cached.fake.faults.flow.set()
        cached.make("b")
        await cached.agrees()
    assert cached.heard == ["+a=1", "+b="]


async def test_a_late_answer_does_not_bring_back_what_is_gone(cached: Followed) -> None:
    cached.make("a", "1")
    async with cached.running():
        answer = msgspec.json.decode(cached.change("a", "2").raw, type=Map)
        cached.remove("a")
        await cached.agrees()
        assert not cached.reflector.feed.record(answer)
        assert cached.values == {}


async def test_a_removal_seen_elsewhere_counts_unless_it_is_old(cached: Followed) -> None:
    cached.make("a", "1")
    async with cached.running():
        first = next(iter(cached.reflector.store.objects.values()))
        cached.change("a", "2")
        await cached.agrees()
        cached.reflector.feed.offer(first, deleted=True)
        assert cached.values == {"a": "2"}
        cached.reflector.feed.offer(
            next(iter(cached.reflector.store.objects.values())), deleted=True
        )
        assert cached.values == {}


async def test_our_own_new_object_survives_a_list_that_began_before(cached: Followed) -> None:
    async with cached.running():
        cached.fake.freeze_lists(CONFIG_MAPS)
        cached.fake.faults.flow.clear()
        cached.reflector.feed.record(msgspec.json.decode(cached.make("a", "1").raw, type=Map))
        await cached.reflector.relist()
        assert cached.values == {"a": "1"}
    assert cached.heard == []


async def test_a_list_from_an_old_cache_changes_nothing(cached: Followed) -> None:
    async with cached.running():
        cached.fake.freeze_lists(CONFIG_MAPS)
        cached.make("a", "1")
        await cached.agrees()
        cached.fake.compact()
        cached.fake.faults.fail(about("WATCH", "configmaps"), times=3)
        cached.fake.drop_watches()
        await asyncio.sleep(1.0)
        assert cached.values == {"a": "1"}
        cached.fake.faults.clear()
        cached.make("b", "1")
        await cached.agrees()
    assert cached.heard == ["+a=1", "+b=1"]


async def test_a_store_restored_from_a_backup_is_believed_in_the_end(cached: Followed) -> None:
    cached.make("a", "1")
    async with cached.running():
        cached.fake.faults.stale[CONFIG_MAPS] = (5, [])
        for _ in range(8):
            with contextlib.suppress(Exception):
                await cached.reflector.relist()
        assert cached.values == {"a": "1"}
        await cached.reflector.relist()
        assert cached.values == {}


async def test_an_object_that_does_not_decode_stops_nothing(cached: Followed) -> None:
    cached.make("a", "1")
    cached.make("bad", "1")
    async with cached.running():
        cached.fake.store.patch(CONFIG_MAPS, "ns", "bad", {"data": {"x": 7}})
        cached.change("a", "2")
        await eventually(lambda: cached.values["a"] == "2")
        assert cached.values["bad"] == "1", "kept as last understood"
        await cached.reflector.relist()
        assert cached.values["bad"] == "1"
        cached.remove("bad")
        await eventually(lambda: "bad" not in cached.values)
    assert any("object skipped" in problem for problem in cached.problems)


async def test_a_change_that_cannot_be_taken_in_stops_nothing(cached: Followed) -> None:
    cached.clumsy = True
    cached.make("a")
    async with cached.running():
        cached.make("b")
        await cached.agrees()
    assert len(cached.problems) == 2


async def test_outages_end_in_agreement(cached: Followed) -> None:
    cached.make("a", "1")
    cached.fake.faults.fail(about("LIST", "configmaps"), times=2)
    cached.fake.faults.fail(about("WATCH", "configmaps"), times=2)
    cached.fake.faults.reset(about("WATCH", "configmaps"), times=2)
    async with cached.running():
        cached.change("a", "2")
        await cached.agrees(seconds=10)
