"""A bare Kubernetes API for integration tests: etcd and kube-apiserver, no kubelet.

They run as processes of this machine on loopback ports, out of the multi-call binary, and
end with the process that started them. ``start_api_server(directory)`` answers when the API
is ready. Where that binary cannot run (a Mac), the kind cluster stands in.
"""

import base64
import json
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from hack.devcluster import cluster, go_programs
from hack.devcluster.commands import find_program, output
from hack.devcluster.errors import DevClusterError

START_SECONDS = 60
STOP_SECONDS = 10
POLL_SECONDS = 0.1
TOKEN = "admin"  # noqa: S105
"""Of an API that only this machine can reach, for a few minutes."""

ISSUER = "https://kubernetes.default.svc"
CONTROLLERS = (
    "namespace-controller",
    "serviceaccount-controller",
    "garbage-collector-controller",
    "job-controller",
    "validatingadmissionpolicy-status-controller",
)
"""What a test usually wants when it asks for controllers, without what needs nodes."""


@dataclass
class ApiServer:
    """A running API: how to reach it, and how to end it."""

    kubeconfig_path: Path
    url: str = ""
    processes: list[subprocess.Popen[bytes]] = field(
        default_factory=list["subprocess.Popen[bytes]"]
    )

    def stop(self) -> None:
        """End the processes, the last started first; safe to call twice."""
        while self.processes:
            _end(self.processes.pop())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_api_server(directory: Path, *, controllers: Sequence[str] = ()) -> ApiServer:
    """Start an empty API with its data in a directory; with these controllers, if any."""
    if sys.platform != "linux":
        cluster.up()
        return ApiServer(cluster.kubeconfig())
    kube = go_programs.kubernetes_programs() / "kube"
    directory.mkdir(parents=True, exist_ok=True)
    etcd_port, peer_port, api_port = _free_ports(3)
    server = ApiServer(directory / "kubeconfig", f"https://127.0.0.1:{api_port}")
    output([str(kube), "kubeadm", "init", "phase", "certs", "sa", "--cert-dir", str(directory)])
    (directory / "tokens.csv").write_text(f'{TOKEN},admin,admin,"system:masters"\n')
    try:
        _start(server, directory, kube, "etcd", _etcd_flags(directory, etcd_port, peer_port))
        _await(server, directory, lambda: _get(f"http://127.0.0.1:{etcd_port}/health") == 200)
        flags = _api_flags(directory, etcd_port, api_port, service_accounts=bool(controllers))
        _start(server, directory, kube, "kube-apiserver", flags)
        certificate = directory / "apiserver.crt"
        _await(server, directory, certificate.exists)
        _await(server, directory, lambda: _answers(server.url, certificate))
        _write_kubeconfig(server, certificate)
        if controllers:
            flags = _controller_flags(server, directory, controllers)
            _start(server, directory, kube, "kube-controller-manager", flags)
    except BaseException:
        server.stop()
        raise
    return server


def _free_ports(count: int) -> list[int]:
    """Find ports nobody listens on; all at once, so that they differ."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(listener.getsockname()[1]) for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports


def _etcd_flags(directory: Path, port: int, peer_port: int) -> list[str]:
    client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer_port}"
    return [
        f"--data-dir={directory / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",  # the data is worth nothing after the test
        "--log-level=warn",
    ]


def _api_flags(directory: Path, etcd_port: int, port: int, *, service_accounts: bool) -> list[str]:
    flags = [
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={directory}",
        f"--token-auth-file={directory / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        f"--service-account-issuer={ISSUER}",
        f"--service-account-key-file={directory / 'sa.pub'}",
        f"--service-account-signing-key-file={directory / 'sa.key'}",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--endpoint-reconciler-type=none",
        "--allow-privileged=true",
    ]
    if not service_accounts:
        # Nobody makes the ServiceAccount "default" that every Pod would need.
        flags.append("--disable-admission-plugins=ServiceAccount")
    return flags


def _controller_flags(server: ApiServer, directory: Path, controllers: Iterable[str]) -> list[str]:
    return [
        f"--kubeconfig={server.kubeconfig_path}",
        f"--controllers={','.join(controllers)}",
        f"--service-account-private-key-file={directory / 'sa.key'}",
        f"--root-ca-file={directory / 'apiserver.crt'}",
        f"--cert-dir={directory}",
        "--secure-port=0",
        "--leader-elect=false",
        # Each under its own name, as admission policies see them in most clusters.
        "--use-service-account-credentials",
        "--kube-api-qps=300",
        "--kube-api-burst=400",
    ]


def _start(server: ApiServer, directory: Path, kube: Path, name: str, flags: Sequence[str]) -> None:
    # With its parent dead, and no chance to clean up, the child shall not stay.
    setpriv = find_program("setpriv")
    prefix = [setpriv, "--pdeathsig", "TERM"] if setpriv else []
    with (directory / f"{name}.log").open("wb") as log:
        server.processes.append(
            subprocess.Popen(
                [*prefix, str(kube), name, *flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=directory,
            )
        )


def _await(server: ApiServer, directory: Path, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        dead = any(process.poll() is not None for process in server.processes)
        if dead or time.monotonic() > deadline:
            raise DevClusterError("the API server did not come up", f"read {directory}/*.log")
        time.sleep(POLL_SECONDS)


def _get(url: str, certificate: Path | None = None) -> int:
    """Ask for a page and return the status; 0 where nobody answers."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"})  # noqa: S310
    context = ssl.create_default_context(cafile=str(certificate)) if certificate else None
    try:
        with urllib.request.urlopen(request, timeout=5, context=context) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


def _answers(url: str, certificate: Path) -> bool:
    """Tell whether the API is ready and has made the namespaces that everybody expects."""
    return (
        _get(f"{url}/readyz", certificate) == 200
        and _get(f"{url}/api/v1/namespaces/default", certificate) == 200
    )


def _write_kubeconfig(server: ApiServer, certificate: Path) -> None:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "bare",
                "cluster": {
                    "server": server.url,
                    "certificate-authority-data": base64.b64encode(
                        certificate.read_bytes()
                    ).decode(),
                },
            }
        ],
        "users": [{"name": "admin", "user": {"token": TOKEN}}],
        "contexts": [{"name": "bare", "context": {"cluster": "bare", "user": "admin"}}],
        "current-context": "bare",
    }
    server.kubeconfig_path.touch(mode=0o600)
    server.kubeconfig_path.write_text(json.dumps(document, indent=2))


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def serve(directory: Path, *, controllers: bool) -> None:
    """Run an API until interrupted: for a person, or a tool that is no Python."""
    with start_api_server(directory, controllers=CONTROLLERS if controllers else ()) as server:
        print(f"export KUBECONFIG={server.kubeconfig_path}", flush=True)
        # Blocked from here on, so that none is lost between two lines.
        ends = {signal.SIGINT, signal.SIGTERM}
        signal.pthread_sigmask(signal.SIG_BLOCK, ends)
        signal.sigwait(ends)
