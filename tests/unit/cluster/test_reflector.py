"""The copy of the API server's objects, whatever happens to watches and lists."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest_asyncio

from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.cache.reflector import (
    RESCAN_PAGE_SIZE,
    RESCAN_PAUSE_SECONDS,
    Change,
    Reflector,
)
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
class Copy:
    """A reflector and what it has told."""

    reflector: Reflector[Map]
    fake: FakeApi
    told: list[str] = field(default_factory=list[str])
    changes: list[Change[Map]] = field(default_factory=list[Change[Map]])
    problems: list[str] = field(default_factory=list[str])
    clumsy: bool = False

    @property
    def values(self) -> dict[str, str]:
        found = self.reflector.objects.values()
        return {each.metadata.name: each.data.get("x", "") for each in found}

    @property
    def real(self) -> dict[str, str]:
        found = self.fake.store.list(CONFIG_MAPS)
        return {
            each.meta["name"]: each.data.get("data", {}).get("x", "")
            for each in found
            if each.meta.get("labels") == LABELS
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


def told(change: Change[Map]) -> str:
    known = change.new or change.last or change.old
    assert known is not None
    if change.new is None:
        return f"-{known.metadata.name}" if change.last else f"?{known.metadata.name}"
    return f"{'~' if change.old else '+'}{known.metadata.name}={known.data.get('x', '')}"


def copy_of(fake: FakeApi, api: KubeApi, **options: Any) -> Copy:
    def on_change(change: Change[Map]) -> None:
        copy.changes.append(change)
        copy.told.append(told(change))
        if copy.clumsy:
            raise ValueError("no")

    def on_problem(sentence: str, error: Exception) -> None:
        copy.problems.append(f"{sentence}: {error}")

    reflector = Reflector(
        api,
        CONFIG_MAPS.path(),
        Map,
        on_change,
        params={"labelSelector": "kept"},
        on_problem=on_problem,
        dice=lambda: 0.0,
        **options,
    )
    copy = Copy(reflector, fake)
    return copy


@pytest_asyncio.fixture
async def copy(fake: FakeApi, api: KubeApi) -> Copy:
    return copy_of(fake, api)


async def test_lists_then_follows(copy: Copy) -> None:
    copy.make("a", "1")
    async with copy.running():
        copy.make("b", "1")
        copy.change("a", "2")
        copy.remove("b")
        await eventually(lambda: len(copy.told) == 4)
    assert copy.told == ["+a=1", "+b=1", "~a=2", "-b"]
    assert copy.problems == []


async def test_leaving_the_selection_shows_the_last_state_without_deletion(copy: Copy) -> None:
    copy.make("a", "1")
    async with copy.running():
        copy.fake.store.patch(CONFIG_MAPS, "ns", "a", {"metadata": {"labels": {"kept": None}}})
        await eventually(lambda: len(copy.changes) == 2)
    last = copy.changes[1].last
    assert last is not None
    assert last.metadata.deletionTimestamp is None


async def test_other_objects_are_not_seen(copy: Copy) -> None:
    async with copy.running():
        copy.fake.store.create(CONFIG_MAPS, "ns", {"metadata": {"name": "other"}})
        copy.make("a")
        await copy.agrees()
    assert copy.told == ["+a="]


async def test_long_first_lists_come_in_pages(copy: Copy) -> None:
    for number in range(1203):
        copy.make(f"m{number}")
    async with copy.running():
        assert len(copy.reflector.objects) == 1203
    assert copy.fake.record.counts["LIST configmaps"] == 3


async def test_a_dropped_watch_goes_on_where_it_was(copy: Copy) -> None:
    async with copy.running():
        copy.make("a", "1")
        await copy.agrees()
        copy.fake.drop_watches()
        copy.change("a", "2")
        copy.make("b")
        copy.remove("a")
        await copy.agrees()
    assert copy.told == ["+a=1", "~a=2", "+b=", "-a"]
    assert copy.fake.record.counts["LIST configmaps"] == 1


async def test_after_410_the_list_is_compared_with_the_copy(copy: Copy) -> None:
    for name in "abc":
        copy.make(name, "1")
    async with copy.running():
        copy.fake.faults.flow.clear()
        copy.change("a", "2")
        copy.remove("b")
        copy.make("d", "1")
        copy.fake.compact()
        copy.fake.drop_watches()
        copy.fake.faults.flow.set()
        await copy.agrees()
    assert copy.told[3:] == ["~a=2", "+d=1", "?b"]


async def test_repeated_events_are_told_once(copy: Copy) -> None:
    copy.fake.faults.copies = lambda _: 3
    async with copy.running():
        copy.make("a", "1")
        copy.change("a", "2")
        copy.remove("a")
        copy.make("b", "1")
        await copy.agrees()
    assert copy.told == ["+a=1", "~a=2", "-a", "+b=1"]


async def test_swallowed_events_are_found_by_a_new_list(copy: Copy) -> None:
    copy.make("a", "1")
    async with copy.running():
        copy.fake.faults.copies = lambda _: 0
        copy.change("a", "2")
        copy.make("b", "1")
        copy.remove("b")
        copy.make("c", "1")
        await asyncio.sleep(0.05)
        await copy.reflector.relist()
        assert copy.values == copy.real
    assert copy.told == ["+a=1", "~a=2", "+c=1"]


async def test_a_rescan_pauses_between_small_pages_and_finds_the_same(
    fake: FakeApi, api: KubeApi
) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        copy.make(f"meanwhile-{len(pauses)}", "1")

    copy = copy_of(fake, api, sleep=sleep)
    for number in range(2 * RESCAN_PAGE_SIZE + 2):
        copy.make(f"m-{number}", "1")
    await copy.reflector.relist()
    copy.change("m-7", "2")
    copy.remove("m-8")

    await copy.reflector.rescan()

    assert pauses == [RESCAN_PAUSE_SECONDS] * 2
    assert copy.told[-2:] == ["~m-7=2", "?m-8"], (
        "what came during the rescan is the watch's to tell"
    )


async def test_a_silent_watch_is_given_up(fake: FakeApi, api: KubeApi) -> None:
    copy = copy_of(fake, api, silence_seconds=0.2)
    async with copy.running():
        fake.faults.flow.clear()
        copy.make("a", "1")
        await eventually(lambda: bool(copy.problems))
        assert "silent" in copy.problems[0]
        assert copy.values == {}
        fake.faults.flow.set()
        await copy.agrees()


async def test_events_lost_in_a_silent_watch_are_found(fake: FakeApi, api: KubeApi) -> None:
    copy = copy_of(fake, api, silence_seconds=0.2)
    async with copy.running():
        fake.faults.copies = lambda _: 0
        copy.make("a", "1")
        await copy.agrees()
    assert fake.record.counts["LIST configmaps"] > 1


async def test_bookmarks_keep_a_quiet_watch_and_its_version(fake: FakeApi, api: KubeApi) -> None:
    fake.bookmark_seconds = 0.05
    copy = copy_of(fake, api, silence_seconds=0.5)
    async with copy.running():
        for _ in range(20):
            fake.store.create(CONFIG_MAPS, "ns", {"metadata": {"generateName": "other-"}})
            await asyncio.sleep(0.05)
        assert copy.reflector.last_contact_seconds() < 0.5
        fake.compact()
        fake.drop_watches()
        copy.make("a")
        await copy.agrees()
    assert fake.record.counts["LIST configmaps"] == 1


async def test_the_answer_of_our_own_write_is_news_and_its_echo_is_not(copy: Copy) -> None:
    copy.make("a", "1")
    async with copy.running():
        copy.fake.faults.flow.clear()
        answer = msgspec.json.decode(copy.change("a", "2").raw, type=Map)
        assert copy.reflector.replace(answer)
        assert not copy.reflector.replace(answer)
        copy.fake.faults.flow.set()
        copy.make("b")
        await copy.agrees()
    assert copy.told == ["+a=1", "~a=2", "+b="]


async def test_a_late_answer_does_not_bring_back_what_is_gone(copy: Copy) -> None:
    copy.make("a", "1")
    async with copy.running():
        answer = msgspec.json.decode(copy.change("a", "2").raw, type=Map)
        copy.remove("a")
        await copy.agrees()
        assert not copy.reflector.replace(answer)
        assert copy.values == {}


async def test_a_removal_seen_elsewhere_counts_unless_it_is_old(copy: Copy) -> None:
    copy.make("a", "1")
    async with copy.running():
        first = next(iter(copy.reflector.objects.values()))
        copy.change("a", "2")
        await copy.agrees()
        copy.reflector.tell(first, deleted=True)
        assert copy.values == {"a": "2"}
        copy.reflector.tell(next(iter(copy.reflector.objects.values())), deleted=True)
        assert copy.values == {}


async def test_our_own_new_object_survives_a_list_that_began_before(copy: Copy) -> None:
    async with copy.running():
        copy.fake.freeze_lists(CONFIG_MAPS)
        copy.fake.faults.flow.clear()
        copy.reflector.replace(msgspec.json.decode(copy.make("a", "1").raw, type=Map))
        await copy.reflector.relist()
        assert copy.values == {"a": "1"}
    assert copy.told == ["+a=1"]


async def test_a_list_from_an_old_cache_changes_nothing(copy: Copy) -> None:
    async with copy.running():
        copy.fake.freeze_lists(CONFIG_MAPS)
        copy.make("a", "1")
        await copy.agrees()
        copy.fake.compact()
        copy.fake.faults.fail(about("WATCH", "configmaps"), times=3)
        copy.fake.drop_watches()
        await asyncio.sleep(1.0)
        assert copy.values == {"a": "1"}
        copy.fake.faults.clear()
        copy.make("b", "1")
        await copy.agrees()
    assert copy.told == ["+a=1", "+b=1"]


async def test_a_store_restored_from_a_backup_is_believed_in_the_end(copy: Copy) -> None:
    copy.make("a", "1")
    async with copy.running():
        copy.fake.faults.stale[CONFIG_MAPS] = (5, [])
        for _ in range(8):
            with contextlib.suppress(Exception):
                await copy.reflector.relist()
        assert copy.values == {"a": "1"}
        await copy.reflector.relist()
        assert copy.values == {}


async def test_an_object_that_does_not_decode_stops_nothing(copy: Copy) -> None:
    copy.make("a", "1")
    copy.make("bad", "1")
    async with copy.running():
        copy.fake.store.patch(CONFIG_MAPS, "ns", "bad", {"data": {"x": 7}})
        copy.change("a", "2")
        await eventually(lambda: copy.values["a"] == "2")
        assert copy.values["bad"] == "1", "kept as last understood"
        await copy.reflector.relist()
        assert copy.values["bad"] == "1"
        copy.remove("bad")
        await eventually(lambda: "bad" not in copy.values)
    assert any("object skipped" in each for each in copy.problems)


async def test_a_change_that_cannot_be_taken_in_stops_nothing(copy: Copy) -> None:
    copy.clumsy = True
    copy.make("a")
    async with copy.running():
        copy.make("b")
        await copy.agrees()
    assert len(copy.problems) == 2


async def test_outages_end_in_agreement(copy: Copy) -> None:
    copy.make("a", "1")
    copy.fake.faults.fail(about("LIST", "configmaps"), times=2)
    copy.fake.faults.fail(about("WATCH", "configmaps"), times=2)
    copy.fake.faults.reset(about("WATCH", "configmaps"), times=2)
    async with copy.running():
        copy.change("a", "2")
        await copy.agrees(seconds=10)
