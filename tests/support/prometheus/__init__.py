"""A Prometheus of the tests' own, Debian's, on loopback, with its data in a folder."""

import json
import shutil
import socket
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

SCRAPE_SECONDS: Final = 0.5
"""From one scrape to the next, and from one round of rules to the next."""

Sample = dict[str, Any]


def program(name: str) -> str:
    """`prometheus` or `promtool`."""
    found = shutil.which(name)
    assert found is not None, f"{name} is missing: make venv installs Debian's prometheus"
    return found


@dataclass(frozen=True)
class Prometheus:
    """A running server."""

    url: str

    def get(self, path: str, **params: str) -> Any:
        """Answer of its API; raises URLError (HTTPError with what is wrong with a query)."""
        query = f"?{urlencode(params)}" if params else ""
        with urlopen(f"{self.url}{path}{query}", timeout=30) as answer:  # noqa: S310 - loopback
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[Sample]:
        """What an instant query finds."""
        return cast("list[Sample]", self.get("/api/v1/query", query=expression)["result"])

    def answers(self) -> bool:
        """Whether it is up."""
        try:
            self.get("/api/v1/status/buildinfo")
        except (URLError, OSError):
            return False
        return True

    def has_scraped(self, times: int) -> bool:
        """Whether every target has been read so often."""
        counts = self.query("count_over_time(up[5m])")
        return bool(counts) and all(float(one["value"][1]) >= times for one in counts)


@contextmanager
def prometheus(folder: Path, targets: list[str], rules: Path) -> Generator[Prometheus]:
    """Reads these addresses (`host:port`), and asks these rules."""
    config = folder / "prometheus.yml"
    every = f"{int(SCRAPE_SECONDS * 1000)}ms"
    config.write_text(
        yaml.safe_dump(
            {
                "global": {"scrape_interval": every, "evaluation_interval": every},
                "rule_files": [str(rules)],
                "scrape_configs": [
                    {"job_name": "stagework", "static_configs": [{"targets": targets}]}
                ],
            }
        )
    )
    port = _free_port()
    command = [
        program("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        yield Prometheus(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(30)


def check_rules(file: Path) -> str:
    """What promtool says is wrong with a file of rules; empty: nothing."""
    command = [program("promtool"), "check", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
