"""The programs that people use: kubectl, helm, stagework; what they print is part of the story."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from hack.devcluster import cluster, tools

Document = dict[str, Any]
"""An object of the API server as JSON gives it."""
ROOT = Path(__file__).resolve().parents[3]
"""Top of the repository."""
RELEASE_NAMESPACE = "stagework-system"
"""Where the chart is installed."""
PATIENCE_SECONDS = 120
"""Longest run of one program, unless a story says otherwise."""


@dataclass(frozen=True)
class Answer:
    """What a program printed, and whether it was content."""

    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        """True for exit code 0."""
        return self.code == 0

    @property
    def printed(self) -> str:
        """Everything it printed."""
        return f"{self.out}\n{self.err}".strip()

    def rows(self) -> list[list[str]]:
        """The words of each line printed."""
        return [line.split() for line in self.out.splitlines()]

    def document(self) -> Document:
        """What was printed, as JSON."""
        return cast("Document", json.loads(self.out))


def environment(**more: str) -> dict[str, str]:
    """The tests' environment, pointed at the dev cluster."""
    base = {**os.environ, "PYTHONPATH": str(ROOT / "operator"), "PYTHONDONTWRITEBYTECODE": "1"}
    base.setdefault("KUBECONFIG", str(cluster.kubeconfig()))
    # Columns must not depend on the terminal in which the tests run.
    return {**base, "COLUMNS": "200", "NO_COLOR": "1", **more}


def program(name: str) -> str:
    """Path of kubectl or helm: what the Makefile chose, else that of the dev cluster."""
    return os.environ.get(name.upper()) or tools.path_of(name)


@dataclass(frozen=True)
class Commands:
    """Runs programs against the dev cluster."""

    kubectl_path: str
    helm_path: str

    def kubectl(self, *arguments: str, stdin: str | None = None, user: str = "") -> Answer:
        """Run kubectl; `user` is impersonated."""
        named = [f"--as={user}"] if user else []
        return run([self.kubectl_path, *named, *arguments], stdin=stdin)

    def must(self, *arguments: str, stdin: str | None = None, user: str = "") -> Answer:
        """Run kubectl; an error fails the test with what kubectl printed."""
        answer = self.kubectl(*arguments, stdin=stdin, user=user)
        assert answer.ok, f"kubectl {' '.join(arguments)}: {answer.printed}"
        return answer

    def helm(self, *arguments: str, seconds: float = 300) -> Answer:
        """Run helm; an error fails the test."""
        answer = run([self.helm_path, *arguments], seconds=seconds)
        assert answer.ok, f"helm {' '.join(arguments)}: {answer.printed}"
        return answer

    def me(self) -> str:
        """The user name that the kubeconfig stands for."""
        return self.must("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}").out

    def stagework(self, *arguments: str) -> Answer:
        """Run the command line of the product."""
        return run([sys.executable, "-m", "stagework.cli", *arguments])


def run(
    command: list[str],
    *,
    stdin: str | None = None,
    seconds: float = PATIENCE_SECONDS,
    variables: Mapping[str, str] | None = None,
) -> Answer:
    """Run a program to its end."""
    done = subprocess.run(
        command,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
        env=environment(**(variables or {})),
        cwd=ROOT,
    )
    return Answer(done.returncode, done.stdout, done.stderr)
