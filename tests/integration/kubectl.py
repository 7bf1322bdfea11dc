"""kubectl as a person uses it, against the API server of the tests."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.support.cluster.commands import Answer, Document


class Kubectl:
    """Runs kubectl with one kubeconfig, as its owner or in the name of another."""

    def __init__(self, kubeconfig: Path, cache: Path) -> None:
        program = os.environ.get("KUBECTL") or shutil.which("kubectl")
        assert program is not None, "kubectl is not there; mend: make tools"
        self._command = [program, f"--kubeconfig={kubeconfig}", f"--cache-dir={cache}"]

    def run(self, *arguments: str, stdin: Document | None = None, user: str = "") -> Answer:
        """Run it; `user` is impersonated."""
        done = subprocess.run(
            [*self._command, *([f"--as={user}"] if user else []), *arguments],
            input=None if stdin is None else json.dumps(stdin),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def must(self, *arguments: str, stdin: Document | None = None, user: str = "") -> Answer:
        """Run it; an error fails the test with what kubectl said."""
        answer = self.run(*arguments, stdin=stdin, user=user)
        assert answer.ok, answer.err
        return answer

    def create(self, document: Document, *, user: str = "", dry_run: bool = False) -> Answer:
        """`kubectl create -f -`, with strict validation as kubectl has it by default."""
        mode = ["--dry-run=server"] if dry_run else []
        return self.run("create", "-o", "json", *mode, "-f", "-", stdin=document, user=user)

    def replace(self, document: Document, *, user: str = "") -> Answer:
        """`kubectl replace -f -`."""
        return self.run("replace", "-o", "json", "-f", "-", stdin=document, user=user)

    def get(self, *arguments: str) -> Document:
        """`kubectl get ... -o json`."""
        return self.must("get", *arguments, "-o", "json").document()
