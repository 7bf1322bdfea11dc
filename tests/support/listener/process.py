"""A listener as a process of its own: killed, stopped, started again."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml

from stagework.settings import ListenerSettings
from tests.support.operators.setup import settings_document

_ROOT: Final = Path(__file__).parents[3]
END_SECONDS: Final = 30


def settings_file(folder: Path, settings: ListenerSettings) -> Path:
    """As the chart's ConfigMap has it."""
    path = folder / "listener.yaml"
    listener = settings.model_dump(mode="json", exclude_none=True)
    path.write_text(yaml.safe_dump({**settings_document(), "listener": listener}))
    return path


class ListenerProcess:
    """Of this very tree; `kubeconfig` says as whom it works, and where."""

    def __init__(self, folder: Path, settings: ListenerSettings, kubeconfig: Path) -> None:
        self._log = folder / "listener.log"
        self.port = _free_port()
        """Where it answers the kubelet."""
        self._environment: Mapping[str, str] = {
            **os.environ,
            "STAGEWORK_SETTINGS": str(settings_file(folder, settings)),
            "KUBECONFIG": str(kubeconfig),
            "PYTHONPATH": str(_ROOT / "operator"),
            "STAGEWORK_LIVENESS_PORT": str(self.port),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self._log.read_text()

    def start(self, *words: str) -> None:
        """Begin; returns at once."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "stagework.listener", *words],
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Its exit code; that of SIGTERM is 0."""
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(END_SECONDS)

    def kill(self) -> None:
        """SIGKILL, whatever it is at; nothing where it has ended."""
        if self._process is not None and self._process.poll() is None:
            self.end(signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
