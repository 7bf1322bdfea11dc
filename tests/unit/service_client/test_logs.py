"""The operator has logs kept over HTTP, and has an answer in time, whatever happens."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from stagework.plans.pipelinejob.snapshot import LogAnswer, LogQuestion
from stagework.service_client.logs import ServiceLogs
from tests.unit.web.service import Service, running

QUESTION = LogQuestion("ocr", 1, "pod-1", "ad-ocr-1", "stage")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A running service with an empty volume."""
    with running(tmp_path / "volume") as started:
        yield started


async def test_a_log_is_kept_and_its_last_line_told(service: Service) -> None:
    token = service.cluster.operator()
    service.cluster.stage_pod(service.cluster.run(), "ocr", "pod-1")
    service.cluster.logs["team", "ad-ocr-1", "stage"] = b"one\ntwo\n"

    answer = await ServiceLogs(f"{service.url}/", lambda: token).keep("team", "run-1", QUESTION)

    assert answer == LogAnswer("two")
    assert service.stored() == ["team/run-1/ocr/1-pod-1/stagework.log"]


async def test_a_service_that_is_away_is_asked_again() -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise TimeoutError

    logs = ServiceLogs("http://127.0.0.1:1", lambda: "t", sleep=sleep)

    answer = await logs.keep("team", "run-1", QUESTION)

    assert answer == LogAnswer(fault="the API service did not answer within 10 s")
    assert len(pauses) == 3


async def test_a_service_that_stays_away_is_given_up_after_a_time() -> None:
    async def sleep(_seconds: float) -> None:
        await asyncio.Event().wait()

    logs = ServiceLogs("http://127.0.0.1:1", lambda: "t", limit_seconds=0.2, sleep=sleep)

    answer = await logs.keep("team", "run-1", QUESTION)

    assert answer == LogAnswer(fault="the API service did not answer within 0 s")


async def test_a_refusal_is_an_answer_at_once(service: Service) -> None:
    stranger = service.cluster.person("alice")

    answer = await ServiceLogs(service.url, lambda: stranger).keep("team", "run-1", QUESTION)

    assert answer == LogAnswer(fault="the API service answered 403")


async def test_a_token_that_cannot_be_read_stops_nobody(service: Service) -> None:
    def unreadable() -> str:
        raise OSError("no token")

    logs = ServiceLogs(service.url, unreadable, limit_seconds=0.1)

    assert (await logs.keep("team", "run-1", QUESTION)).fault
