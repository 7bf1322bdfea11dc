"""How much of the store a namespace takes: as much as has come, and no more than it may."""

import socket
from collections.abc import AsyncIterator, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from stagework.artifacts.errors import QuotaError
from stagework.artifacts.local import LocalStore
from stagework.artifacts.store import Extent, put
from stagework.settings import ArtifactSettings
from stagework.web import space
from stagework.web.space import Space
from tests.unit.web.service import Clock, Service, running
from tests.unit.web.test_floods import upload_head

KB = b"x" * 1000


@contextmanager
def limited(root: Path, **artifacts: Any) -> Generator[Service]:
    with running(root / "volume", **artifacts) as service:
        yield service


def pod_of(service: Service, namespace: str = "team", pod: str = "pod-1") -> str:
    run = service.cluster.run(namespace=namespace, uid=f"run-of-{namespace}")
    return service.cluster.stage_pod(run, "ocr", pod)


def at(namespace: str, file: str) -> str:
    pod = "pod-1" if namespace == "team" else "pod-2"
    return f"/v1/artifacts/{namespace}/run-of-{namespace}/ocr/1-{pod}/{file}"


def test_sixty_idle_uploads_that_announce_gigabytes_keep_nobody_away(tmp_path: Path) -> None:
    with limited(tmp_path, maxFileBytes=2**31) as service, ExitStack() as held:
        noisy, quiet = pod_of(service), pod_of(service, "other", "pod-2")
        for number in range(60):
            idle = held.enter_context(socket.create_connection(("127.0.0.1", service.port), 10))
            idle.sendall(upload_head(noisy, 2**31 - 1, at("team", str(number)), digest="0" * 64))
        assert service.put(at("other", "x"), quiet, KB).status == 201


def test_uploads_at_once_are_a_namespaces_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space, "TURN_SECONDS", 0.2)
    with limited(tmp_path, maxNamespaceUploads=2) as service, ExitStack() as held:
        token, other = pod_of(service), pod_of(service, "other", "pod-2")
        for number in range(2):
            idle = held.enter_context(socket.create_connection(("127.0.0.1", service.port), 10))
            idle.sendall(upload_head(token, 10, at("team", str(number))) + b"x")
        wait_until_full(service, token)
        assert service.put(at("other", "x"), other, KB).status == 201


def wait_until_full(service: Service, token: str) -> None:
    """The two idle ones have been taken when a third one has no turn any more."""
    for number in range(100):
        answer = service.put(at("team", f"more-{number}"), token, KB)
        if answer.status == 429:
            assert answer.headers["retry-after"] == "5"
            assert "maxNamespaceUploads" in answer.json["hint"]
            return
    pytest.fail("a third upload always has its turn")


def test_a_namespace_has_so_many_bytes_and_another_one_its_own(tmp_path: Path) -> None:
    with limited(tmp_path, maxNamespaceBytes=2500) as service:
        token, other = pod_of(service), pod_of(service, "other", "pod-2")
        assert service.put(at("team", "a"), token, KB).status == 201
        assert service.put(at("team", "b"), token, KB).status == 201
        refused = service.put(at("team", "c"), token, KB)
        assert (refused.status, refused.json["error"]) == (
            507,
            "namespace 'team' may have 2500 bytes, and has them",
        )
        assert service.put(at("other", "a"), other, KB).status == 201
        alice = service.cluster.person("alice", ("create", "team"))
        assert service.ask("PUT", "/v1/uploads/team/x", alice, KB).status == 507
        assert [name for name in service.stored() if name.startswith(".")] == []


def test_what_was_refused_or_cut_off_takes_no_room(tmp_path: Path) -> None:
    with limited(tmp_path, maxNamespaceBytes=2500) as service:
        token = pod_of(service)
        for _ in range(5):
            assert service.put(at("team", "a"), token, KB * 2, sha256="0" * 64).status == 422
        assert service.put(at("team", "a"), token, KB * 2).status == 201


def test_what_is_deleted_makes_room_again(tmp_path: Path) -> None:
    with limited(tmp_path, maxNamespaceBytes=1500) as service:
        token = pod_of(service)
        assert service.put(at("team", "a"), token, KB).status == 201
        assert service.put(at("team", "b"), token, KB).status == 507
        next(path for path in service.root.rglob("a") if path.is_file()).unlink()
        assert service.put(at("team", "b"), token, KB).status == 507  # not counted again so soon
        service.clock.now += space.COUNTED_SECONDS
        assert service.put(at("team", "b"), token, KB).status == 201


def test_what_was_there_before_the_service_started_counts(tmp_path: Path) -> None:
    old = tmp_path / "volume/team/old"
    old.mkdir(parents=True)
    (old / "file").write_bytes(KB)
    with limited(tmp_path, maxNamespaceBytes=1500) as service:
        assert service.put(at("team", "b"), pod_of(service), KB).status == 507


def test_a_namespace_has_so_many_files(tmp_path: Path) -> None:
    with limited(tmp_path, maxNamespaceFiles=2) as service:
        token = pod_of(service)
        statuses = [service.put(at("team", name), token, b"").status for name in "abc"]
        assert statuses == [201, 201, 507]


async def chunks(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


class SlowlyCounted(LocalStore):
    """A volume in which something happens while it is counted."""

    async def extent(self, prefix: str) -> Extent:
        counted = await super().extent(prefix)
        await self.meanwhile()
        return counted

    async def meanwhile(self) -> None:
        """Nothing, unless a test says so."""


class TestComing:
    """What is coming, and what has come, when what is stored is counted anew."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def store(self, tmp_path: Path) -> SlowlyCounted:
        return SlowlyCounted(tmp_path, max_file_bytes=10_000)

    @pytest.fixture
    def room(self, store: SlowlyCounted, clock: Clock) -> Space:
        return Space(store, ArtifactSettings(maxNamespaceBytes=2500), clock)

    async def is_refused(self, room: Space, size: int) -> bool:
        try:
            await room.take("team", size)
        except QuotaError:
            return True
        return False

    async def test_a_count_does_not_forget_what_is_coming(self, room: Space, clock: Clock) -> None:
        async with room.upload("team") as coming:
            assert [piece async for piece in coming.counted(chunks(KB, KB))] == [KB, KB]
            clock.now += space.COUNTED_SECONDS
            assert await self.is_refused(room, 1000)

    async def test_what_is_cut_off_after_a_count_gives_back_no_more_than_it_took(
        self, room: Space, clock: Clock
    ) -> None:
        async with room.upload("team") as coming:
            assert [piece async for piece in coming.counted(chunks(KB, KB))] == [KB, KB]
            clock.now += space.COUNTED_SECONDS
            assert await self.is_refused(room, 1000)
        assert await self.is_refused(room, 2501)
        assert not await self.is_refused(room, 2500)

    async def test_what_is_kept_after_a_count_is_stored(
        self, room: Space, clock: Clock, store: SlowlyCounted
    ) -> None:
        async with room.upload("team") as coming:
            content = coming.counted(chunks(KB, KB))
            received = await store.receive(content, 2000)
            clock.now += space.COUNTED_SECONDS
            assert await self.is_refused(room, 1000)
            await store.keep(received, "team/a")
            coming.keep()
        assert await self.is_refused(room, 1000)

    async def test_what_is_kept_during_a_count_is_not_forgotten(
        self, room: Space, clock: Clock, store: SlowlyCounted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with room.upload("team") as coming:
            received = await store.receive(coming.counted(chunks(KB, KB)), 2000)

            async def keep() -> None:
                await store.keep(received, "team/a")
                coming.keep()

            clock.now += space.COUNTED_SECONDS
            monkeypatch.setattr(store, "meanwhile", keep)
            assert await self.is_refused(room, 1000)
        assert await self.is_refused(room, 1000)

    async def test_what_an_address_was_given_for_is_coming_until_it_cannot_be_in_use(
        self, room: Space, clock: Clock, store: SlowlyCounted
    ) -> None:
        await room.take_addressed("team", "a", 2000)
        clock.now += space.ADDRESS_SECONDS - 1
        await room.take_addressed("team", "a", 2000)
        clock.now += space.ADDRESS_SECONDS - 1
        assert await self.is_refused(room, 1000)
        clock.now += space.COUNTED_SECONDS
        assert not await self.is_refused(room, 1000), "it has not come"
        await room.take_addressed("team", "b", 1000)
        await put(store, "team/b", chunks(KB), 1000)
        clock.now += space.ADDRESS_SECONDS
        assert await self.is_refused(room, 1000)
