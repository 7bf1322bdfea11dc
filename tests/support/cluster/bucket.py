"""The tests' S3-compatible server in the cluster, where the release installed for the tests expects
it: a store of items that every namespace may use. Each story has a prefix of its own in it.
"""

import base64
import io
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.cluster.commands import Document
from tests.support.cluster.space import Space

PORT = 7070
NAMESPACE = "e2e-bucket"
"""It stays from run to run."""
NAME = "bucket"
"""Of the Deployment and its Service."""
IMAGE = "stagework/s3-server:dev"
STORE = "pictures"
"""Name of the store in the settings, and of its bucket."""
SECRET = "store-keys-of-the-tests"
KEYS = {"accessKeyId": "tests", "secretAccessKey": "of-the-tests-alone"}
"""Of a server that only the cluster can reach."""
SETTINGS: dict[str, Any] = {
    "name": STORE,
    "endpoint": f"http://{NAME}.{NAMESPACE}.svc:{PORT}",
    "bucket": STORE,
    "accessKeyIdFile": "/etc/stagework-stores/accessKeyId",
    "secretAccessKeyFile": "/etc/stagework-stores/secretAccessKey",
    "namespaces": ["*"],
}
AT_ONCE = 100
"""Files that one command carries: it has a time limit."""
_FOLDER = f"/data/buckets/{STORE}"
_SERVE = (
    f"mkdir -p {_FOLDER} /data/attributes && "
    f"exec s3-server --port :{PORT} --health /health --quiet "
    "posix --sidecar /data/attributes /data/buckets"
)


@dataclass(frozen=True)
class BucketPod:
    """The server in its namespace."""

    space: Space

    def install(self) -> None:
        """Until it answers; one that is there stays, with all that others have laid down."""
        self.space.apply(_service(), _deployment())
        self.space.kubectl("rollout", "status", f"deployment/{NAME}", "--timeout=110s")

    def lay(self, prefix: str, files: Mapping[str, bytes]) -> None:
        """Objects below a prefix; what was there under the same keys is overwritten."""
        named = list(files.items())
        for start in range(0, len(named), AT_ONCE):
            packed = _packed(prefix, named[start : start + AT_ONCE])
            self._shell(f"base64 -d | tar -x -C {_FOLDER}", packed)

    def clear(self, prefix: str) -> None:
        """Remove all objects below a prefix."""
        self._shell(f"rm -rf {_FOLDER}/{prefix}")

    def _shell(self, script: str, text: str | None = None) -> None:
        self.space.commands.must(
            *("-n", self.space.namespace, "exec", "-i", f"deployment/{NAME}"),
            *("--", "sh", "-c", script),
            stdin=text,
        )


def _packed(prefix: str, files: Iterable[tuple[str, bytes]]) -> str:
    """As one archive, and that as text."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files:
            member = tarfile.TarInfo(f"{prefix}/{name}")
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    return base64.encodebytes(packed.getvalue()).decode()


def _service() -> Document:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": NAME},
        "spec": {"selector": {"app": NAME}, "ports": [{"port": PORT}]},
    }


def _container() -> Document:
    return {
        "name": "server",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", _SERVE],
        "env": [
            {"name": "ROOT_ACCESS_KEY_ID", "value": KEYS["accessKeyId"]},
            {"name": "ROOT_SECRET_ACCESS_KEY", "value": KEYS["secretAccessKey"]},
        ],
        "readinessProbe": {"httpGet": {"path": "/health", "port": PORT}, "periodSeconds": 1},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }


def _deployment() -> Document:
    pod: Document = {
        "containers": [_container()],
        "volumes": [{"name": "data", "emptyDir": {}}],
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 1,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME},
        "spec": {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": {"app": NAME}},
            "template": {"metadata": {"labels": {"app": NAME}}, "spec": pod},
        },
    }
