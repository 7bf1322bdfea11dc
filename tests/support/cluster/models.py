"""The tests' model server as a Pod, where the release installed for the tests expects it.

That release's models are those of this server, at an address that does not change
(`installing.py`). Stages ask an endpoint only where their `STAGEWORK_METHOD` says so.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.cluster.commands import ROOT, Document
from tests.support.cluster.space import Space
from tests.support.cluster.stages import TOOLS_IMAGE
from tests.support.cluster.waiting import eventually
from tests.support.modelserver.server import MODEL

PORT = 8000
NAMESPACE = "e2e-models"
"""It stays from run to run; one story at a time uses it."""
POD = "models"
"""Name of the Pod, its Service and its ConfigMap."""
URL = f"http://{POD}.{NAMESPACE}.svc:{PORT}/v1"
"""Base URL as the API service sees it."""
SECRET = "model-keys-of-the-tests"
SETTINGS: dict[str, Any] = {
    "url": URL,
    "model": MODEL,
    "keyFile": "/etc/stagework-models/models",
    "machine": "gpu",
    "timeoutSeconds": 110,
    "retries": 1,
}
"""Of the endpoint of every role."""
START_SECONDS = 90.0
_AT_ONCE = ("--grace-period=0", "--force")
_FOLDER = "/code/tests/support/modelserver"
_ASK = """
import sys, urllib.request
body = sys.argv[1].encode() if len(sys.argv) > 1 else None
url = "http://127.0.0.1:8000/control"
print(urllib.request.urlopen(urllib.request.Request(url, body), timeout=10).read().decode())
"""


@dataclass(frozen=True)
class ModelPod:
    """The server in its namespace; it can be stopped and started again."""

    space: Space

    def install(self) -> None:
        """Its code, its address, and the Pod itself."""
        folder = ROOT / "tests" / "support" / "modelserver"
        self.stop()  # a broken-off story may have left it
        self.space.apply(_config_map(folder), _service())
        self.start()

    def start(self) -> None:
        """Make the Pod and wait until it answers."""
        self.space.apply(_pod())
        self.space.kubectl("wait", "--for=condition=Ready", f"pod/{POD}", "--timeout=90s")

    def stop(self) -> None:
        """End it without any grace: open connections are cut."""
        self.space.kubectl("delete", "pod", POD, "--ignore-not-found", *_AT_ONCE)

    def show(self, fault: Document | None) -> None:
        """From now on show this fault; None: none."""
        self._control(json.dumps({"fault": fault}))

    def seen(self) -> Document:
        """What came in so far."""
        seen: Document = json.loads(self._control())
        return seen

    def wait_for_requests(self, at_once: int) -> None:
        """Wait until so many are under way."""
        eventually(
            self.seen,
            lambda seen: seen["at_once"] >= at_once,
            seconds=START_SECONDS,
            otherwise=lambda: f"not {at_once} requests at once: {self.seen()}",
        )

    def _control(self, *body: str) -> str:
        return self.space.kubectl("exec", POD, "--", "python3", "-c", _ASK, *body).out


def _config_map(folder: Path) -> Document:
    code = {path.name: path.read_text() for path in sorted(folder.glob("*.py"))}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": POD},
        "data": code,
    }


def _service() -> Document:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": POD},
        "spec": {"selector": {"app": POD}, "ports": [{"port": PORT}]},
    }


def _pod() -> Document:
    container = {
        "name": "server",
        "image": TOOLS_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-m", "tests.support.modelserver", str(PORT)],
        "env": [{"name": "PYTHONPATH", "value": "/code"}],
        "readinessProbe": {
            "httpGet": {"path": "/control", "port": PORT},
            "periodSeconds": 1,
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "code", "mountPath": _FOLDER}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": POD, "labels": {"app": POD}},
        "spec": {
            "containers": [container],
            "volumes": [{"name": "code", "configMap": {"name": POD}}],
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        },
    }
