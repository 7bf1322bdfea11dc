"""Where the API server is and how we prove who we are.

The only place that looks for it, for every process of ours, in kubectl's own order, so that
`kubectl` and `stagework` typed side by side mean the same cluster:
1. the kubeconfig file, or the context, that the caller names;
2. the files that $KUBECONFIG names;
3. ~/.kube/config, where there is one;
4. the ServiceAccount that Kubernetes mounts into every Pod.
A kubeconfig is read by the `kubernetes` package, which knows all its forms; the operator itself has
none in its Pod and does without the package.
"""

import asyncio
import contextlib
import os
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

SERVICE_ACCOUNT_DIR: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where Kubernetes mounts token, CA certificate and namespace of a Pod's ServiceAccount."""
TOKEN_SECONDS: Final = 60.0
"""A token is read again when what we know of it is older; the kubelet renews it."""


class ConnectionSettingsError(Exception):
    """There is no way to the API server; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Target:
    """The API server and the credentials for it."""

    server: str
    """Base URL without a slash at its end, such as `https://10.96.0.1:443`."""
    ca_file: Path | None = None
    """Whom to trust; None means the system's certificates."""
    certificate_file: Path | None = None
    """Client certificate."""
    key_file: Path | None = None
    """Its key."""
    token: str | None = None
    read_token: Callable[[], str | None] | None = None
    """Asked for the token each minute and after a 401; raises OSError where it cannot say now."""
    insecure: bool = False
    """Do not check the server's certificate (kubeconfig's insecure-skip-tls-verify)."""
    server_name: str | None = None
    """Name expected in the server's certificate, where it differs from the address."""
    namespace: str = "default"
    """What a command without a namespace means: the context's, or that of our own Pod."""
    proxy: str | None = None
    """Proxy of the kubeconfig or of the environment; only the command line goes through it."""


def find(kubeconfig: str | Path | None = None, *, context: str | None = None) -> Target:
    """The API server to talk to; raises ConnectionSettingsError with what is missing."""
    # The package has read the variable when it was imported.
    named = str(kubeconfig or os.environ.get("KUBECONFIG") or "") or None
    wanted = named or context or (Path.home() / ".kube" / "config").exists()
    if not wanted and "KUBERNETES_SERVICE_HOST" in os.environ:
        return in_cluster(os.environ, SERVICE_ACCOUNT_DIR)
    return _from_kubeconfig(named, context)


def in_cluster(environment: Mapping[str, str], directory: Path) -> Target:
    """The API server of the cluster that this process runs in."""
    host = environment["KUBERNETES_SERVICE_HOST"]
    port = environment.get("KUBERNETES_SERVICE_PORT", "443")
    token = directory / "token"
    if not token.exists():
        raise ConnectionSettingsError(
            f"{token} is missing: the Pod has no ServiceAccount token mounted "
            "(automountServiceAccountToken)"
        )
    namespace = directory / "namespace"
    return Target(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        ca_file=directory / "ca.crt",
        read_token=lambda: token.read_text().strip(),
        namespace=namespace.read_text().strip() if namespace.exists() else "default",
    )


def _from_kubeconfig(path: str | None, context: str | None) -> Target:
    try:
        # Outside of a cluster only: the operator's image does without the package.
        from kubernetes import client  # noqa: PLC0415
        from kubernetes import config as untyped  # noqa: PLC0415
        from kubernetes.client import rest  # noqa: PLC0415
    except ImportError as error:
        raise ConnectionSettingsError(
            "to read a kubeconfig the package `kubernetes` is needed: pip install kubernetes"
        ) from error
    config: Any = untyped
    known: Any = client.Configuration()
    try:
        config.load_kube_config(path, context, client_configuration=known, persist_config=False)
        contexts, current = config.list_kube_config_contexts(path)
    except (config.ConfigException, yaml.YAMLError, OSError, ValueError, TypeError) as error:
        # TypeError: a file that is YAML, but no mapping.
        raise ConnectionSettingsError(f"no usable kubeconfig: {str(error).strip()}") from error
    chosen = next((entry for entry in contexts if entry["name"] == context), current)
    direct = rest.should_bypass_proxies(known.host, known.no_proxy or "")

    def read_token() -> str | None:
        header: str | None = known.get_api_key_with_prefix("BearerToken")
        return header.removeprefix("Bearer ") if header else None

    return Target(
        server=known.host.rstrip("/"),
        ca_file=Path(known.ssl_ca_cert) if known.ssl_ca_cert else None,
        certificate_file=Path(known.cert_file) if known.cert_file else None,
        key_file=Path(known.key_file) if known.key_file else None,
        token=read_token(),
        read_token=read_token,
        insecure=not known.verify_ssl,
        server_name=known.tls_server_name,
        namespace=str(chosen["context"].get("namespace") or "default"),
        proxy=None if direct else known.proxy,
    )


def ssl_context(target: Target) -> ssl.SSLContext | None:
    """The TLS settings for the target; None where the address is plain http."""
    if not target.server.startswith("https:"):
        return None
    made = ssl.create_default_context(cafile=target.ca_file)
    if target.insecure:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if target.certificate_file is not None:
        made.load_cert_chain(target.certificate_file, target.key_file)
    return made


class Credentials:
    """The bearer token of a target, kept current."""

    def __init__(self, target: Target, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._read = target.read_token
        self._token = target.token
        self._clock = clock
        self._read_at = float("-inf")

    def due(self) -> bool:
        """Whether the token must be read before the next request."""
        return self._read is not None and self._clock() - self._read_at > TOKEN_SECONDS

    def header(self) -> str | None:
        """Value of the Authorization header; None where a certificate or nothing proves us."""
        return f"Bearer {self._token}" if self._token else None

    async def refresh(self) -> bool:
        """Read the token again; whether it is now another one.

        What cannot be read for a moment leaves the known token in place.
        """
        if self._read is None:
            return False
        before = self._token
        with contextlib.suppress(OSError):
            self._token = await asyncio.to_thread(self._read)
        self._read_at = self._clock()
        return self._token != before
