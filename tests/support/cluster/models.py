"""The tests' model server as a Pod, and the release told to use it."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.cluster.commands import RELEASE_NAMESPACE, ROOT, Commands, Document
from tests.support.cluster.release import CHART, NAME, Release
from tests.support.cluster.space import Space
from tests.support.cluster.stages import TOOLS_IMAGE
from tests.support.cluster.waiting import eventually
from tests.support.modelserver.server import KEY, MODEL

PORT = 8000
POD = "models"
"""Name of the Pod, its Service and its ConfigMap."""
SECRET = "model-keys-of-the-tests"
START_SECONDS = 90.0
_FOLDER = "/code/tests/support/modelserver"
_ASK = """
import sys, urllib.request
body = sys.argv[1].encode() if len(sys.argv) > 1 else None
url = "http://127.0.0.1:8000/control"
print(urllib.request.urlopen(urllib.request.Request(url, body), timeout=10).read().decode())
"""


@dataclass(frozen=True)
class ModelPod:
    """The server in a namespace; it can be stopped and started again."""

    space: Space

    @property
    def url(self) -> str:
        """Base URL as the API service sees it."""
        return f"http://{POD}.{self.space.namespace}.svc:{PORT}/v1"

    def install(self) -> None:
        """Its code, its address, and the Pod itself."""
        folder = ROOT / "tests" / "support" / "modelserver"
        self.space.apply(_config_map(folder), _service())
        self.start()

    def start(self) -> None:
        """Make the Pod and wait until it answers."""
        self.space.apply(_pod())
        self.space.kubectl("wait", "--for=condition=Ready", f"pod/{POD}", "--timeout=90s")

    def stop(self) -> None:
        """End it without any grace: open connections are cut."""
        self.space.kubectl("delete", "pod", POD, "--grace-period=0", "--force")

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


@contextmanager
def configured(release: Release, roles: tuple[str, ...], url: str, **more: Any) -> Generator[None]:
    """The release with these endpoints; as it was before, after the block."""
    commands = release.commands
    secret = ("secret", "generic", SECRET, f"--from-literal=models={KEY}")
    commands.must("-n", RELEASE_NAMESPACE, "create", *secret)
    before = revision(commands)
    fields = {"url": url, "model": MODEL, "keyFile": "/etc/stagework-models/models", **more}
    models = json.dumps(dict.fromkeys(roles, fields))
    try:
        commands.helm(
            *("upgrade", NAME, CHART, "--namespace", RELEASE_NAMESPACE, "--wait"),
            *("--reset-then-reuse-values", "--set-string", f"api.modelKeysSecret={SECRET}"),
            *("--set-json", f"settings.models={models}"),
        )
        release.wait_until_ready()
        yield
    finally:
        commands.helm("rollback", NAME, before, "--namespace", RELEASE_NAMESPACE, "--wait")
        commands.kubectl("-n", RELEASE_NAMESPACE, "delete", "secret", SECRET)
        release.wait_until_ready()


def revision(commands: Commands) -> str:
    """Number of the release's current revision."""
    history = commands.helm(
        "history", NAME, "-n", RELEASE_NAMESPACE, "--max", "1", "-o", "json"
    ).out
    return str(json.loads(history)[0]["revision"])


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
