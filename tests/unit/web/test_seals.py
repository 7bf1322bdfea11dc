"""After `result.json` not a byte of an attempt changes, whatever was under way by then."""

import asyncio
import hashlib
import json
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from obstore.store import MemoryStore

from stagework.artifacts.s3 import ObjectStore
from stagework.artifacts.store import put
from stagework.artifacts.upload_signer import UploadSigner
from stagework.settings import ArtifactSettings
from stagework.web import attempt_writes
from stagework.web.artifact_path import parse
from stagework.web.attempt_writes import AttemptWrites
from stagework.web.errors import ProblemError
from stagework.web.space import ADDRESS_SECONDS, Space
from tests.unit.web.service import Answer, Clock, Service, running
from tests.unit.web.test_floods import upload_head

MINE = "team/run-1/ocr/1-pod-1"
RESULT = json.dumps({"v": 1}).encode()


def at(file: str) -> str:
    return f"/v1/artifacts/{MINE}/{file}"


@pytest.fixture
def token(service: Service) -> str:
    return service.cluster.stage_pod(service.cluster.run(), "ocr", "pod-1")


@contextmanager
def half_sent(service: Service, token: str, file: str, size: int) -> Generator[socket.socket]:
    """An upload whose last byte is still to come, and which the service has begun to take."""
    with socket.create_connection(("127.0.0.1", service.port), 10) as slow:
        slow.sendall(upload_head(token, size, at(file)) + b"x" * (size - 1))
        while not any(name.startswith(".incoming/") for name in service.stored()):
            pass
        yield slow


@pytest.mark.parametrize("file", ["late", "result.json"])
def test_what_was_under_way_when_the_result_came_is_refused(
    service: Service, token: str, file: str
) -> None:
    with half_sent(service, token, file, 100) as slow:
        assert service.put(at("result.json"), token, RESULT).status == 201
        slow.sendall(b"x")
        assert slow.recv(4096).startswith(b"HTTP/1.1 409 ")
    assert service.stored() == [f"{MINE}/result.json"]
    assert (service.root / MINE / "result.json").read_bytes() == RESULT


def test_the_same_result_may_come_again_and_changes_nothing(service: Service, token: str) -> None:
    assert service.put(at("result.json"), token, RESULT).status == 201
    sealed = (service.root / MINE / "result.json").stat()
    assert service.put(at("result.json"), token, RESULT).status == 201
    assert (service.root / MINE / "result.json").stat() == sealed
    assert service.stored() == [f"{MINE}/result.json"]


async def test_nothing_comes_between_the_last_look_for_a_seal_and_a_files_name() -> None:
    store = ObjectStore(MemoryStore(), max_file_bytes=100)
    writes = AttemptWrites(store, Space(store, ArtifactSettings(), Clock()), Clock())

    async def write(file: str, content: bytes) -> bool:
        digest = hashlib.sha256(content).hexdigest()
        try:
            await writes.write(parse(f"{MINE}/{file}"), chunks(content), len(content), digest)
        except ProblemError:
            return False
        return True

    many = [write(f"file-{number}", b"x") for number in range(20)]
    kept = await asyncio.gather(*many[:10], write("result.json", RESULT), *many[10:])
    assert len(await store.files(MINE)) == sum(kept)
    assert not await write("one-more", b"x")


class TestAddresses:
    """With S3 the bytes go past us, to an address that is good for them alone."""

    @pytest.fixture
    def store(self) -> ObjectStore:
        signer = UploadSigner("https://s3.example.org/b", "", "us-east-1", "id", "secret")
        return ObjectStore(MemoryStore(), max_file_bytes=100, signer=signer)

    @pytest.fixture
    def behind(self, tmp_path: Path, store: ObjectStore) -> Generator[Service]:
        with running(tmp_path / "unused", store) as service:
            yield service

    @pytest.fixture
    def pod(self, behind: Service) -> str:
        return behind.cluster.stage_pod(behind.cluster.run(), "ocr", "pod-1")

    def ask(self, service: Service, pod: str, file: str, content: bytes) -> Answer:
        """As stagekit asks, which sends the digest along."""
        digest = hashlib.sha256(content).hexdigest()
        headers = {"X-Content-SHA256": digest, "X-Stagework-Checksum": "sha256"}
        return service.ask("PUT", at(file), pod, content, headers)

    def test_length_and_digest_stand_in_the_address(self, behind: Service, pod: str) -> None:
        answer = self.ask(behind, pod, "a", b"12345")
        assert answer.status == 307
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        assert query["X-Amz-SignedHeaders"] == ["content-length;host;x-amz-checksum-sha256"]
        assert int(query["X-Amz-Expires"][0]) <= 60

    def test_who_does_not_send_the_digest_along_sends_the_bytes_to_us(
        self, behind: Service, pod: str
    ) -> None:
        assert behind.put(at("a"), pod, b"12345").status == 201

    def test_the_result_comes_through_us(self, behind: Service, pod: str) -> None:
        assert self.ask(behind, pod, "result.json", RESULT).status == 201
        assert self.ask(behind, pod, "a", b"12345").status == 409

    def test_a_file_with_an_address_comes_with_no_other_bytes(
        self, behind: Service, pod: str
    ) -> None:
        assert self.ask(behind, pod, "a", b"12345").status == 307
        assert self.ask(behind, pod, "a", b"12345").status == 307
        assert self.ask(behind, pod, "a", b"123456").status == 409
        assert behind.put(at("a"), pod, b"123456").status == 409

    def test_an_attempt_is_sealed_when_all_that_has_an_address_has_come(
        self, behind: Service, pod: str, store: ObjectStore
    ) -> None:
        assert self.ask(behind, pod, "a", b"12345").status == 307
        refused = self.ask(behind, pod, "result.json", RESULT)
        assert (refused.status, refused.json["hint"]) == (409, "write it before result.json")
        asyncio.run(_arrives(store, "a", b"12345"))
        assert self.ask(behind, pod, "result.json", RESULT).status == 201

    def test_a_file_may_be_written_anew_once_it_is_there_and_its_address_is_over(
        self, behind: Service, pod: str, store: ObjectStore
    ) -> None:
        assert self.ask(behind, pod, "a", b"12345").status == 307
        behind.clock.now += ADDRESS_SECONDS
        assert self.ask(behind, pod, "a", b"123456").status == 409, "it is still to come"
        assert self.ask(behind, pod, "a", b"12345").status == 307
        asyncio.run(_arrives(store, "a", b"12345"))
        assert behind.put(at("a"), pod, b"123456").status == 409, "the address may be in use"
        behind.clock.now += ADDRESS_SECONDS
        assert behind.put(at("a"), pod, b"123456").status == 201

    def test_an_attempt_is_given_so_many_addresses_and_sends_the_rest_to_us(
        self, behind: Service, pod: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(attempt_writes, "FILES_MAX", 2)
        statuses = [self.ask(behind, pod, file, b"12345").status for file in "ababc"]
        assert statuses == [307, 307, 307, 307, 201]

    def test_a_file_without_room_is_given_no_address_and_holds_up_no_seal(
        self, tmp_path: Path, store: ObjectStore
    ) -> None:
        with running(tmp_path / "unused", store, maxNamespaceBytes=20) as behind:
            pod = behind.cluster.stage_pod(behind.cluster.run(), "ocr", "pod-1")
            assert self.ask(behind, pod, "a", b"x" * 21).status == 507
            assert self.ask(behind, pod, "result.json", RESULT).status == 201

    def test_a_file_takes_room_once_however_often_its_address_is_asked_for(
        self, tmp_path: Path, store: ObjectStore
    ) -> None:
        with running(tmp_path / "unused", store, maxNamespaceBytes=20) as behind:
            pod = behind.cluster.stage_pod(behind.cluster.run(), "ocr", "pod-1")
            statuses = [self.ask(behind, pod, file, b"x" * 10).status for file in "aaabc"]
            assert statuses == [307, 307, 307, 307, 507]


async def chunks(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _arrives(store: ObjectStore, file: str, content: bytes) -> None:
    """A Pod has written to its address."""
    await put(store, f"{MINE}/{file}", chunks(content), len(content))
