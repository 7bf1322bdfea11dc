"""Silence, heartbeats and repeated requests, with clocks that the test holds."""

import threading
from pathlib import Path

import pytest

from stagekit.errors import ServiceUnavailable
from stagekit.fence import Fence, Watch, boot_seconds
from stagekit.heartbeat import Heartbeats, Progress, api_server_answers
from stagekit.retry import Patience, TryAgain


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_the_fence_falls_after_forty_seconds_without_any_answer() -> None:
    clock = Clock()
    fence = Fence(40, clock)
    clock.now += 39.9
    assert not fence.is_lost()
    fence.contact()
    clock.now += 39.9
    assert not fence.is_lost()
    clock.now += 0.1
    assert fence.is_lost()
    assert fence.silence() == pytest.approx(40)


def test_time_in_suspend_counts() -> None:
    clock = Clock()
    fence = Fence(40, clock)
    clock.now += 8 * 3600  # the lid was closed over night
    assert fence.is_lost()
    assert boot_seconds() > 0


def test_the_watch_tells_of_a_fallen_fence_and_touches_its_file(tmp_path: Path) -> None:
    clock = Clock()
    fence = Fence(40, clock)
    lost: list[float] = []
    alive = tmp_path / "alive"
    watch = Watch(fence, lost.append, str(alive), tick_seconds=0.001)
    watch.start()
    clock.now += 41
    watch.join(10)
    assert lost == [pytest.approx(41)]
    assert alive.exists() or lost


def test_without_a_fence_the_watch_only_touches_its_file(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    watch = Watch(None, lambda _: None, str(alive), tick_seconds=0.001)
    watch.start()
    while not alive.exists():
        assert watch.is_alive()
    watch.stop()
    watch.join(10)
    nowhere = Watch(None, lambda _: None, "/nowhere/alive", tick_seconds=0.001)
    nowhere.start()
    nowhere.stop()
    nowhere.join(10)


class FakeLink:
    """Counts heartbeats; answers as told."""

    def __init__(self, *, answers: bool) -> None:
        self.answers = answers
        self.beats: list[bytes] = []
        self.enough = threading.Event()

    def beat(self, progress: bytes) -> bool:
        self.beats.append(progress)
        if len(self.beats) >= 3:
            self.enough.set()
        return self.answers


@pytest.mark.parametrize(
    ("service", "server", "lost"),
    [(True, True, False), (True, False, False), (False, True, False), (False, False, True)],
    ids=["both answer", "the API service answers", "the API server answers", "nobody answers"],
)
def test_either_answer_holds_the_fence(*, service: bool, server: bool, lost: bool) -> None:
    clock = Clock()
    fence = Fence(40, clock)
    clock.now += 50
    link = FakeLink(answers=service)
    beats = Heartbeats(
        link,  # type: ignore[arg-type]
        Progress(),
        fence,
        probe=lambda: server,
        interval_seconds=0.001,
        min_gap_seconds=0.001,
    )
    beats.start()
    assert link.enough.wait(10)
    beats.stop()
    beats.join(10)
    assert fence.is_lost() is lost


def test_progress_is_sent_soon_after_it_changes() -> None:
    link = FakeLink(answers=True)
    progress = Progress()
    beats = Heartbeats(
        link,  # type: ignore[arg-type]
        progress,
        None,
        probe=lambda: False,
        interval_seconds=3600,
        min_gap_seconds=0.001,
    )
    beats.start()
    while not link.enough.wait(0.01):
        progress.set(done=3, total=10, note="page\n3")
    beats.stop()
    beats.join(10)
    assert link.beats[-1] == b'{"done": 3, "total": 10, "note": "page 3"}'


def test_the_api_server_is_not_asked_where_there_is_none() -> None:
    assert not api_server_answers({})
    assert not api_server_answers(
        {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "1"}
    )


class TestPatience:
    def test_connection_errors_and_try_again_are_repeated_with_growing_pauses(self) -> None:
        clock = Clock()
        pauses: list[float] = []

        def sleep(seconds: float) -> None:
            pauses.append(seconds)
            clock.sleep(seconds)

        answers: list[Exception | str] = [
            ConnectionRefusedError(),
            TryAgain("503"),
            TimeoutError(),
            "done",
        ]

        def ask() -> str:
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        patience = Patience(0.2, 10, 600, clock, sleep, lambda: 1.0)
        assert patience.ask("upload", ask) == "done"
        assert pauses == pytest.approx([0.2, 0.4, 0.8])

    def test_the_servers_own_wait_is_kept(self) -> None:
        clock = Clock()
        answers: list[Exception | None] = [TryAgain("429", 7), None]

        def ask() -> None:
            answer = answers.pop(0)
            if answer is not None:
                raise answer

        Patience(clock=clock, sleep=clock.sleep, jitter=lambda: 0.0).ask("upload", ask)
        assert clock.now == 107

    def test_patience_ends(self) -> None:
        clock = Clock()

        def ask() -> None:
            raise TryAgain("503")

        with pytest.raises(ServiceUnavailable, match=r"upload x: 503 \(tried \d+ times\)"):
            Patience(clock=clock, sleep=clock.sleep).ask("upload x", ask)
        assert 550 < clock.now - 100 <= 600

    def test_other_errors_are_not_repeated(self) -> None:
        def ask() -> None:
            raise KeyError("x")

        with pytest.raises(KeyError):
            Patience().ask("upload", ask)
