"""Programs that are no stages tell of their work; whatever becomes of that, they go on."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from stagekit.background import PAUSE_SECONDS, Service, finish_job, heartbeat, start_job
from tests.unit.web import service as web

ROOT = Path(__file__).parents[3]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[web.Service]:
    """A running service."""
    with web.running(tmp_path / "volume") as started:
        yield started


@pytest.fixture
def environment(service: web.Service, tmp_path: Path) -> Mapping[str, str]:
    """That of a program that may tell of its jobs."""
    token = tmp_path / "token"
    token.write_text(service.cluster.person("backup", ("create backgroundjobs", "team")))
    return {
        "STAGEWORK_API_URL": f"{service.url}/",
        "STAGEWORK_TOKEN_FILE": str(token),
        "STAGEWORK_NAMESPACE": "team",
    }


class Board(Service):
    """With a clock that a test moves, and what it says kept."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.said: list[str] = []
        self.now = 0.0
        super().__init__(environment, lambda: self.now, self.said.append, timeout_seconds=60)


def test_a_program_tells_of_its_work(service: web.Service, environment: Mapping[str, str]) -> None:
    board = Board(environment)
    own = start_job("reindex", "The index", total=100, service=board)
    assert heartbeat(own, 40, service=board)
    (told,) = service.history.background.values()
    assert (told.id, told.kind, told.label, told.processed, told.total) == (
        own,
        "reindex",
        "The index",
        40,
        100,
    )
    assert finish_job(own, "disk full", processed=41, service=board)
    (told,) = service.history.background.values()
    assert (told.state, told.error, told.processed) == ("failed", "disk full", 41)
    assert board.said == []


def test_of_a_job_that_was_ended_nothing_more_is_taken(environment: Mapping[str, str]) -> None:
    board = Board(environment)
    own = start_job("backup", id="nightly", service=board)
    assert own == "nightly"
    assert finish_job(own, service=board)
    assert not heartbeat(own, service=board)
    assert board.said == [], "not a fault of the service: it is asked again at once"
    assert not finish_job(own, service=board)


BROKEN: dict[str, dict[str, str]] = {
    "nobody there": {"STAGEWORK_API_URL": "http://127.0.0.1:1"},
    "no address": {"STAGEWORK_API_URL": ""},
    "an address that is none": {"STAGEWORK_API_URL": "http://[half"},
    "no token": {"STAGEWORK_TOKEN_FILE": "/nowhere/token"},
    "no namespace": {"STAGEWORK_NAMESPACE": ""},
    "a namespace without the right": {"STAGEWORK_NAMESPACE": "other"},
}


@pytest.mark.parametrize("what", BROKEN)
def test_whatever_is_wrong_the_program_goes_on_and_it_is_said(
    environment: Mapping[str, str], what: str
) -> None:
    board = Board({**environment, **BROKEN[what]})
    own = start_job("backup", service=board)
    assert own, "an id all the same"
    assert not heartbeat(own, 1, service=board)
    assert not finish_job(own, service=board)
    assert len(board.said) == 1, "once, and then it is left alone for a while"
    board.now += PAUSE_SECONDS
    heartbeat(own, 1, service=board)
    assert len(board.said) == 2


def test_a_shell_line_does_the_same(service: web.Service, environment: Mapping[str, str]) -> None:
    def stagekit(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "stagekit", "job", *words],
            env={**os.environ, **environment, "PYTHONPATH": str(ROOT / "operator")},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    own = stagekit("start", "backup", "--label", "Nightly", "--total", "3")
    assert stagekit("heartbeat", own, "--processed", "2") == ""
    stagekit("finish", own, "--error", "disk full")
    (told,) = service.history.background.values()
    assert (told.id, told.label, told.processed, told.error) == (own, "Nightly", 2, "disk full")


def test_a_shell_line_without_a_service_ends_well() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stagekit", "job", "start", "backup"],
        env={"PYTHONPATH": str(ROOT / "operator"), "STAGEWORK_API_URL": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.strip()
    assert "the board is not told" in done.stderr
