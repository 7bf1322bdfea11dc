"""The whole operator as a process of its own: killed, paused."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Final

from tests.support.fakeapi.resources import Json
from tests.support.operators.setup import write_files
from tests.support.operators.sharedtime import SharedTime

_ROOT: Final = Path(__file__).parents[3]


class OperatorProcess:
    """One start of the operator; `start` it within a running loop."""

    def __init__(
        self, folder: Path, url: str, settings: Json, shared: SharedTime | None = None
    ) -> None:
        """`shared`: the time that it lives in, in place of the real one."""
        folder.mkdir(parents=True, exist_ok=True)
        self._shared = shared
        self._log = folder / "log"
        self._environment = {
            **os.environ,
            **write_files(folder, url, settings),
            "PYTHONPATH": f"{_ROOT / 'operator'}{os.pathsep}{_ROOT}",
            "STAGEWORK_LIVENESS_PORT": str(_free_port()),
            "STAGEWORK_METRICS_PORT": str(_free_port()),
        }
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Begin; returns at once."""
        if self._shared is None:
            await self._begin()
            return
        place = self._shared.members.new_place()
        words = (str(self._shared.file), str(place.number), str(place.wake_fd))
        await self._begin(*words, inherited=(place.wake_fd,))
        self._shared.members.join(self.pid, place)

    async def _begin(self, *words: str, inherited: tuple[int, ...] = ()) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.support.operators", *words),
                cwd=_ROOT,
                env=self._environment,
                stderr=log,
                stdout=log,
                pass_fds=inherited,
            )

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self._log.read_text()

    def freeze(self) -> None:
        """Its process stands still; its clocks do not."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on where it stood."""
        os.kill(self.pid, signal.SIGCONT)

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it and wait for its end."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(how)
            self._process.send_signal(signal.SIGCONT)
            await self._process.wait()
            if self._shared:
                self._shared.members.leave(self.pid)

    async def kill(self) -> None:
        """SIGKILL."""
        await self.stop(signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
