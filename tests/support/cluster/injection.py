"""A webhook of the story's own that adds containers to stage Pods, as service meshes do."""

import base64
import json
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.cluster.commands import Document
from tests.support.cluster.space import Space
from tests.support.cluster.stages import TOOLS_IMAGE
from tests.support.cluster.waiting import eventually

_SERVER: Final = """
import base64, http.server, json, os, ssl

ADDED = json.loads(os.environ["ADDED"])

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
        pod, answer = request["object"], {"uid": request["uid"], "allowed": True}
        labels = pod["metadata"].get("labels", {})
        title = labels.get("stagework.dev/title", "") or labels.get("probe", "")
        if title in ADDED:
            field, container = ADDED[title]
            patch = {"op": "add", "path": f"/spec/{field}/-", "value": container}
            if not pod["spec"].get(field):
                patch = {"op": "add", "path": f"/spec/{field}", "value": [container]}
            answer["patchType"] = "JSONPatch"
            answer["patch"] = base64.b64encode(json.dumps([patch]).encode()).decode()
        review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
        body = json.dumps({**review, "response": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

server = http.server.ThreadingHTTPServer(("", 8443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/tls/tls.crt", "/tls/tls.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""
_OF_A_JOB: Final = "batch.kubernetes.io/job-name"
_SAFE: Final[Document] = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "runAsUser": 10001,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def container(name: str, script: str) -> Document:
    """A container that a namespace which enforces "restricted" lets in."""
    return {
        "name": name,
        "image": TOOLS_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", script],
        "securityContext": _SAFE,
    }


@contextmanager
def injected(space: Space, folder: Path, added: dict[str, tuple[str, Document]]) -> Generator[None]:
    """While the block lasts: a run's title decides what its Pods get, and in which list."""
    key, certificate = _certificate(space, folder)
    space.kubectl("create", "secret", "tls", "injector", f"--cert={certificate}", f"--key={key}")
    space.apply(*_server(added))
    space.kubectl("wait", "--for=condition=Ready", "pod/injector", "--timeout=120s")
    name = f"injector-{space.namespace}"
    space.apply(_webhook(name, space.namespace, certificate.read_bytes()))
    try:
        _wait_until_asked(space, next(iter(added)))
        yield
    finally:
        space.commands.must("delete", "mutatingwebhookconfiguration", name)


def _wait_until_asked(space: Space, title: str) -> None:
    """An API server asks a new webhook only after a moment, and lets everything pass until then."""
    pod: Document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "probe", "labels": {_OF_A_JOB: "probe", "probe": title}},
        "spec": {"containers": [container("probe", "true")]},
    }
    arguments = ("-n", space.namespace, "create", "--dry-run=server", "-o", "json", "-f", "-")
    eventually(
        lambda: space.commands.must(*arguments, stdin=json.dumps(pod)).out,
        lambda created: created.count(TOOLS_IMAGE) > 1,
        seconds=30,
        otherwise=lambda: "the API server does not ask the webhook",
    )


def _certificate(space: Space, folder: Path) -> tuple[Path, Path]:
    key, certificate = folder / "tls.key", folder / "tls.crt"
    host = f"injector.{space.namespace}.svc"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=injector"]
    command += ["-addext", f"subjectAltName=DNS:{host}"]
    subprocess.run(command, check=True, capture_output=True)
    return key, certificate


def _server(added: dict[str, tuple[str, Document]]) -> tuple[Document, Document]:
    program = container("injector", 'exec python3 -c "$SERVER"')
    program["env"] = [
        {"name": "SERVER", "value": _SERVER},
        {"name": "ADDED", "value": json.dumps(added)},
    ]
    program["readinessProbe"] = {"tcpSocket": {"port": 8443}}
    program["volumeMounts"] = [{"name": "tls", "mountPath": "/tls"}]
    volumes = [{"name": "tls", "secret": {"secretName": "injector"}}]
    pod: Document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "injector", "labels": {"app": "injector"}},
        "spec": {"containers": [program], "volumes": volumes},
    }
    service: Document = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "injector"},
        "spec": {"selector": {"app": "injector"}, "ports": [{"port": 443, "targetPort": 8443}]},
    }
    return pod, service


def _webhook(name: str, namespace: str, authority: bytes) -> Document:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [
            {
                "name": "injector.stagework.example.org",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "failurePolicy": "Ignore",
                "timeoutSeconds": 5,
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "objectSelector": {"matchExpressions": [{"key": _OF_A_JOB, "operator": "Exists"}]},
                "rules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["pods"],
                    }
                ],
                "clientConfig": {
                    "service": {"name": "injector", "namespace": namespace, "path": "/"},
                    "caBundle": base64.b64encode(authority).decode(),
                },
            }
        ],
    }
