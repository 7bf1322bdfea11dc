"""What many followers of the queue and of waiting runs cost."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob
from stagework.web.queue import boards, run_waits
from tests.support.builders.fleet import make_node
from tests.support.builders.written_runs import run_of, stage
from tests.unit.web.service import Service, running


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with running(tmp_path) as service:
        service.cluster.queue.machines = [make_node()]
        service.cluster.queue.runs = [waits("3rd of 5", 1)]
        yield service


@pytest.fixture
def ann(service: Service) -> str:
    return service.cluster.person("ann", ("list", "team"), ("get", "team"))


def waits(place: str, version: int, stage_name: str = "extract") -> PipelineJob:
    """A run that waits at that place of its queue."""
    message = f"waits for a gpu slot: {place}; 1 of 1 taken by ad-1 (overlay, 10 s)"
    waiting = stage(stage_name, reason=names.WAIT_SLOT, message=message)
    run = run_of(waiting, name="ad-9", uid="uid-9", namespace="team")
    metadata = run.metadata.model_copy(update={"resourceVersion": str(version)})
    return run.model_copy(update={"metadata": metadata})


def counted(work: Callable[..., Any], threads: list[str]) -> Callable[..., Any]:
    """The same, noting the threads that did it."""

    def does(*given: Any) -> Any:
        threads.append(threading.current_thread().name)
        return work(*given)

    return does


def wait(service: Service, token: str) -> Any:
    (found,) = service.ask("GET", "/v1/runs/team/ad-9", token).json["slot_waits"]
    return found


def test_a_queue_is_played_out_every_ten_seconds_at_most_and_the_place_is_that_of_now(
    service: Service, ann: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    monkeypatch.setattr(run_waits, "slot_waits", counted(run_waits.slot_waits, threads))
    places = list[int]()
    for version in range(1, 5):  # something moves at each reading
        service.cluster.queue.runs = [waits(f"{9 - version}th of 9", version)]
        places.append(wait(service, ann)["position"])
        service.clock.now += 3

    assert places == [8, 7, 6, 5]
    assert len(threads) == 1
    service.clock.now += run_waits.PLAYED_SECONDS
    wait(service, ann)
    assert len(threads) == 2
    assert all(name.startswith("boards") for name in threads)


def test_a_stage_that_begins_to_wait_is_played_out_at_once(service: Service, ann: str) -> None:
    assert wait(service, ann)["stage"] == "extract"
    service.cluster.queue.runs = [waits("2nd of 4", 2, "embed")]
    service.clock.now += 3
    found = wait(service, ann)
    assert (found["stage"], found["position"]) == ("embed", 2)


def test_all_who_ask_while_a_board_is_made_have_that_one(
    service: Service, ann: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    made, go = counted(boards.board, threads), threading.Event()

    def slow(*given: Any) -> Any:
        drawn = made(*given)
        go.wait(20)
        return drawn

    monkeypatch.setattr(boards, "board", slow)
    with ThreadPoolExecutor(8) as readers:
        asked = [readers.submit(service.ask, "GET", "/v1/queue", ann) for _ in range(8)]
        # Who only asks who they are has been served beside it.
        assert service.ask("GET", "/v1/me", ann).status == 200
        go.set()
        answers = [one.result() for one in asked]

    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert len(threads) == 1
    assert threads[0].startswith("boards")
