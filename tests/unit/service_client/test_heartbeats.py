"""When a Pod was heard of last, over HTTP: in ages, so that only the operator's clock counts."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from stagework.plans.pipelinejob.snapshot import HeartbeatQuestion
from stagework.service_client.heartbeats import ServiceHeartbeats
from stagework.service_client.results import LookupFailed
from tests.support.builders import T0
from tests.unit.web.service import Service, running


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A running service that has heard of nobody."""
    with running(tmp_path / "volume") as started:
        yield started


def heartbeats(service: Service, token: str = "") -> ServiceHeartbeats:
    """The client, as the operator where no other token is given."""
    proof = token or service.cluster.operator()
    return ServiceHeartbeats(f"{service.url}/", lambda: proof, lambda: T0, timeout_seconds=60)


async def test_a_pod_that_has_spoken_was_heard_of_just_now(service: Service) -> None:
    for pod in ("pod-1", "pod-2"):
        token = service.cluster.stage_pod(service.cluster.run(), "ocr", pod)
        assert service.ask("POST", "/v1/heartbeats", token, b"{}").status == 204

    read = await heartbeats(service).last(HeartbeatQuestion("pod-1"))

    assert read.at == T0
    assert read.heard_at is not None
    assert T0 - timedelta(minutes=1) < read.heard_at <= T0
    assert read.listening_since <= read.heard_at


async def test_many_suspected_pods_are_asked_about_at_once_and_all_questions_answered(
    service: Service,
) -> None:
    proof = service.cluster.operator()
    address = f"http://127.0.0.1:{service.heartbeat_port}"
    client = ServiceHeartbeats(address, lambda: proof, lambda: T0, timeout_seconds=60)

    read = await asyncio.gather(
        *(client.last(HeartbeatQuestion(f"pod-{number}")) for number in range(200))
    )

    assert [one.heard_at for one in read] == [None] * 200


async def test_of_a_pod_that_never_spoke_nothing_is_known(service: Service) -> None:
    read = await heartbeats(service).last(HeartbeatQuestion("pod-9"))

    assert read.heard_at is None


async def test_a_refusal_and_no_answer_prove_nothing(service: Service) -> None:
    stranger = service.cluster.person("alice")
    with pytest.raises(LookupFailed, match="HTTP 403"):
        await heartbeats(service, stranger).last(HeartbeatQuestion("pod-1"))
    away = ServiceHeartbeats("http://127.0.0.1:1", lambda: "token", lambda: T0, timeout_seconds=60)
    with pytest.raises(LookupFailed):
        await away.last(HeartbeatQuestion("pod-1"))
