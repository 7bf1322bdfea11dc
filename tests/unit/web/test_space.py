"""How much of the store a namespace takes: as much as has come, and no more than it may."""

import socket
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from stagework.web import space
from tests.unit.web.service import Service, running
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
