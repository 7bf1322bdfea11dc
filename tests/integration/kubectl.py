"""kubectl as a person uses it, against the API server of the tests."""

import http.client
import json
import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from tests.support.cluster.api import Api, proxied
from tests.support.cluster.commands import Answer, Document


class Kubectl:
    """Runs kubectl with one kubeconfig, as its owner or in the name of another.

    What tests do by the hundred (create, replace) is sent as kubectl sends it, without starting a
    program for each: strict, in the name of the user, and refused in the same words.
    """

    def __init__(self, command: list[str], api: Api) -> None:
        self._command = command
        self._api = api
        self._resources: dict[str, dict[str, Document]] = {}

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
        """As `kubectl create -f -`, with strict validation as kubectl has it by default."""
        mode = {"dryRun": "All"} if dry_run else {}
        return self._send("POST", self._path(document), document, user, **mode)

    def create_all(self, *documents: Document) -> None:
        """Make them, one after the other; a refusal fails the test."""
        for document in documents:
            answer = self.create(document)
            assert answer.ok, answer.err

    def replace(self, document: Document, *, user: str = "") -> Answer:
        """As `kubectl replace -f -`."""
        path = f"{self._path(document)}/{document['metadata']['name']}"
        return self._send("PUT", path, document, user)

    def get(self, *arguments: str) -> Document:
        """`kubectl get ... -o json`."""
        return self.must("get", *arguments, "-o", "json").document()

    def _send(self, method: str, path: str, document: Document, user: str, **query: str) -> Answer:
        asked = urlencode({"fieldValidation": "Strict", **query})
        headers = {"Content-Type": "application/json"}
        headers |= {"Impersonate-User": user} if user else {}
        body = json.dumps(document).encode()
        reply = self._api.request(method, f"{path}?{asked}", body=body, headers=headers)
        if reply.status < http.client.BAD_REQUEST:
            return Answer(0, reply.body.decode(), "")
        said = reply.document()
        return Answer(1, "", f"Error from server ({said.get('reason', '')}): {said['message']}")

    def _path(self, document: Document) -> str:
        version, meta = document["apiVersion"], document["metadata"]
        base = f"/apis/{version}" if "/" in version else f"/api/{version}"
        known = self._resources.setdefault(version, {})
        if document["kind"] not in known:  # it may have been defined a moment ago
            listed = self._api.get(base)["resources"]
            known |= {found["kind"]: found for found in listed if "/" not in found["name"]}
        resource = known[document["kind"]]
        within = f"/namespaces/{meta.get('namespace', 'default')}" if resource["namespaced"] else ""
        return f"{base}{within}/{resource['name']}"


@contextmanager
def opened(kubeconfig: Path, cache: Path) -> Generator[Kubectl]:
    """kubectl for an API server, as long as the block lasts."""
    program = os.environ.get("KUBECTL") or shutil.which("kubectl")
    assert program is not None, "kubectl is not there; mend: make tools"
    flags = [f"--kubeconfig={kubeconfig}", f"--cache-dir={cache}"]
    with proxied(program, *flags) as api:
        yield Kubectl([program, *flags], api)
