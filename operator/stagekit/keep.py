"""`stagekit keep`: the container beside a stage that knows nothing of us (`contract: Files`).

1. While the stage runs: send heartbeats, and be its fence (`fence_port.py`).
2. SIGTERM comes when the stage's container has ended, and not before. Where others have put
   containers into the Pod that live on, it does not come: then the kubelet, which asks the fence
   only while the stage runs, asks no more.
3. The exit code is not to be seen from here. The API service is asked what the kubelet has
   reported. A Pod that somebody ends has nothing to keep: no mark, exit 143.
4. Store `out/`, then `result.json` with the exit code, then write the mark: this container's own
   termination message. What could not be stored is said in the mark, with its cause.
5. A fence that has fallen: no mark, exit 75.
"""

from __future__ import annotations

import io
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final

from stagekit import contract, environment, item_lines, text
from stagekit.contact import Contact
from stagekit.container_end import ContainerEnd
from stagekit.ending import Ending, from_container
from stagekit.environment import Environment
from stagekit.errors import ContractError, StageError
from stagekit.fence_port import FencePort
from stagekit.http_link import HttpLink
from stagekit.items import summary
from stagekit.mark import mark_of
from stagekit.results import now_text, store_file, store_outputs, store_result
from stagekit.retry import Patience

GRACE_SECONDS: Final = 120.0
"""Time to store everything where nobody has said another."""
_MARGIN_SECONDS: Final = 3.0
"""So long before SIGKILL it is said that the time was too short."""
_TICK_SECONDS: Final = 0.5
_ASK_AGAIN_SECONDS: Final = (5.0, 30.0)
"""First and longest pause between two questions while the kubelet is silent."""
_ONCE: Final = Patience(total_seconds=0.0)


def run() -> int:
    """Stand beside the stage until it has ended, and keep what it has left; gives the exit code."""
    stop = threading.Event()

    def on_term(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    # The first process of a container dies of no signal that it does not handle.
    signal.signal(signal.SIGTERM, on_term)
    try:
        given = environment.read(os.environ)
        grace = _grace(os.environ.get(contract.ENV_GRACE_SECONDS, ""))
        return Sidecar(given, FencePort(), stop, grace_seconds=grace).run()
    except (StageError, OSError) as error:
        text.say_last(f"cannot start: {error}")
        return contract.EXIT_FAILED


class Sidecar:
    """Keeps the outputs of one stage."""

    def __init__(
        self,
        given: Environment,
        fence: FencePort,
        stop: threading.Event,
        *,
        grace_seconds: float = GRACE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`stop`: set by SIGTERM, from which `grace_seconds` count."""
        self._given = given
        self._fence = fence
        self._stop = stop
        self._grace = grace_seconds
        self._clock = clock
        self._started = now_text()
        self._contact = Contact(given, fence.lost, _within(grace_seconds))
        self._mark_lock = threading.Lock()
        self._is_marked = False
        self._contact.progress.follow(lambda: self._reported().progress())

    def run(self) -> int:
        """From the stage's start to the mark; gives the exit code."""
        self._contact.start()
        self._fence.start()
        try:
            end = self._wait()
            return self._fenced() if self._fence.is_down else self._keep(end)
        finally:
            self._fence.stop()
            self._contact.stop()

    def _wait(self) -> ContainerEnd | None:
        """Until SIGTERM (None), or until the API service says that the stage has ended."""
        pause, ask_at = _ASK_AGAIN_SECONDS[0], 0.0
        while not self._stop.wait(_TICK_SECONDS):
            if self._fence.silence() < contract.NO_PROBE_SECONDS:
                pause = _ASK_AGAIN_SECONDS[0]
            elif self._clock() >= ask_at and not self._fence.is_down:
                end = self._asked_once()
                if end is not None and not end.interrupted:
                    return end  # what is being ended may work until SIGTERM comes here too
                ask_at = self._clock() + pause
                pause = min(pause * 2, _ASK_AGAIN_SECONDS[1])
        return None

    def _asked_once(self) -> ContainerEnd | None:
        try:
            return self._link.container_end(_ONCE)
        except StageError:
            return None

    @property
    def _link(self) -> HttpLink:
        link = self._contact.link
        if not isinstance(link, HttpLink):
            raise ContractError("there is no API service to keep anything")
        return link

    def _fenced(self) -> int:
        text.say("no answer from anybody for too long: the stage was ended, nothing is kept")
        return contract.EXIT_FENCED

    def _keep(self, end: ContainerEnd | None) -> int:
        timer = threading.Timer(max(0.0, self._grace - _MARGIN_SECONDS), self._out_of_time)
        timer.daemon = True
        timer.start()
        try:
            known = end or self._link.container_end(_within(self._grace, longest=1.0))
            if known.interrupted:
                text.say(f"interrupted ({known.interrupted}): no mark is written")
                return contract.EXIT_INTERRUPTED
            ending = self._ending(known)
            digest = known.result or self._store(known, ending)
        except (StageError, OSError) as error:
            return self._not_kept(error)
        else:
            self._mark(ending, digest)
            return contract.EXIT_OK
        finally:
            timer.cancel()

    def _ending(self, end: ContainerEnd) -> Ending:
        ending = from_container(end.exit_code)
        if ending.is_good and end.unproved and not self._fence.was_asked:
            message = "this container was away while the stage ended: it may have been cut short"
            return Ending(contract.OUTCOME_FAILED, "EndUnproved", message)
        return ending

    def _reported(self) -> item_lines.Reported:
        """What the stage has said of the batch's items so far."""
        return item_lines.read(Path(self._given.work_dir))

    def _store(self, end: ContainerEnd, ending: Ending) -> str:
        files = store_outputs(self._link, Path(self._given.work_dir))
        reported = self._reported()
        if reported.outcomes:
            lines = "".join(outcome.encode() for outcome in reported.outcomes)
            files.append(
                store_file(self._link, contract.OUTCOMES_FILE, io.BytesIO(lines.encode("utf-8")))
            )
        return store_result(
            self._link,
            self._given,
            ending,
            files,
            started=self._started,
            exitCode=end.exit_code,
            counts=summary(reported.counts()),
            **reported.at_work(),
        )

    def _not_kept(self, error: Exception) -> int:
        reason = error.reason if isinstance(error, StageError) else type(error).__name__
        text.say(f"the outputs could not be stored: {error}")
        self._mark(Ending(contract.OUTCOME_FAILED, f"Upload{reason}", str(error)))
        return contract.EXIT_FAILED

    def _out_of_time(self) -> None:
        message = f"not all was stored within {self._grace:.0f} s (settings.files.graceSeconds)"
        text.say(message)
        self._mark(Ending(contract.OUTCOME_FAILED, "UploadTimedOut", message))
        os._exit(contract.EXIT_FAILED)

    def _mark(self, ending: Ending, digest: str = "") -> None:
        given, counts = self._given, summary(self._reported().counts())
        mark = mark_of(given, ending, digest=digest, counts=counts)
        with self._mark_lock:
            if self._is_marked:
                return
            mark.write(given.termination_file)
            self._is_marked = True
        text.say(f"{given.stage}: {ending.outcome} {ending.reason}".rstrip())


def _grace(said: str) -> float:
    return float(said) if said.isascii() and said.isdigit() and int(said) > 0 else GRACE_SECONDS


def _within(grace_seconds: float, longest: float = 5.0) -> Patience:
    """Not longer than there is time, and without long pauses."""
    total = max(0.0, grace_seconds - 2 * _MARGIN_SECONDS)
    return Patience(first_seconds=0.1, longest_seconds=longest, total_seconds=total)
