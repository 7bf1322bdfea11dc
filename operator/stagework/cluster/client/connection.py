"""Where the API server is and how we prove who we are.

In this order: the kubeconfig file that the caller names, the ServiceAccount that Kubernetes
mounts into every Pod, the file that $KUBECONFIG names, ~/.kube/config. Parsing is apart from
reading files. Logins by a helper program (`exec`, `auth-provider`) are refused with a sentence:
the operator runs in a cluster, a kubeconfig is for tests and for people at their desk.
"""

import asyncio
import base64
import binascii
import contextlib
import os
import ssl
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import yaml

SERVICE_ACCOUNT_DIR: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where Kubernetes mounts token, CA certificate and namespace of a Pod's ServiceAccount."""
TOKEN_SECONDS: Final = 60.0
"""A token file is read again when what we know of it is older; the kubelet renews it."""


class ConnectionSettingsError(Exception):
    """There is no way to the API server; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Pem:
    """A certificate or key: a file, or the bytes themselves."""

    path: Path | None = None
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """The API server and the credentials for it."""

    server: str
    """Base URL without a slash at its end, such as `https://10.96.0.1:443`."""
    namespace: str = "default"
    """Namespace of the context or of our own Pod."""
    ca: Pem | None = None
    """Whom to trust; None means the system's certificates."""
    client_certificate: Pem | None = None
    client_key: Pem | None = None
    token: str | None = None
    token_file: Path | None = None
    """Wins over `token`; read again every minute and after a 401."""
    insecure: bool = False
    """Do not check the server's certificate (kubeconfig's insecure-skip-tls-verify)."""
    server_name: str | None = None
    """Name expected in the server's certificate, where it differs from the address."""


def find(kubeconfig: str | Path | None = None, *, context: str | None = None) -> Target:
    """The API server to talk to; raises ConnectionSettingsError with what is missing."""
    if kubeconfig is None and "KUBERNETES_SERVICE_HOST" in os.environ:
        return in_cluster(os.environ, SERVICE_ACCOUNT_DIR)
    named = kubeconfig or os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
    path = Path(named) if named else Path.home() / ".kube" / "config"
    try:
        document: object = yaml.safe_load(path.read_text())
    except OSError as error:
        raise ConnectionSettingsError(f"cannot read {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ConnectionSettingsError(f"{path} is not YAML: {error}") from error
    return parse_kubeconfig(document, directory=path.parent, context=context)


def in_cluster(environment: Mapping[str, str], directory: Path) -> Target:
    """The API server of the cluster that this process runs in."""
    host = environment["KUBERNETES_SERVICE_HOST"]
    port = environment.get("KUBERNETES_SERVICE_PORT", "443")
    if not (directory / "token").exists():
        raise ConnectionSettingsError(
            f"{directory}/token is missing: the Pod has no ServiceAccount token mounted "
            "(automountServiceAccountToken)"
        )
    name_file = directory / "namespace"
    return Target(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        namespace=name_file.read_text().strip() if name_file.exists() else "default",
        ca=Pem(path=directory / "ca.crt"),
        token_file=directory / "token",
    )


def parse_kubeconfig(document: object, *, directory: Path, context: str | None = None) -> Target:
    """A kubeconfig's context (the current one by default); file names are below `directory`."""
    root = _mapping(document, "the kubeconfig")
    chosen = context or str(root.get("current-context") or "")
    if not chosen:
        raise ConnectionSettingsError("the kubeconfig has no current-context")
    link = _entry(root, "contexts", "context", chosen)
    cluster = _entry(root, "clusters", "cluster", str(link.get("cluster")))
    user_name = link.get("user")
    user = _entry(root, "users", "user", str(user_name)) if user_name else {}
    for word in ("exec", "auth-provider"):
        if word in user:
            raise ConnectionSettingsError(
                f"user {user_name!r} of the kubeconfig logs in by {word!r}, which is not "
                "supported here: use a token or a client certificate"
            )
    server = str(cluster.get("server") or "").rstrip("/")
    if not server:
        raise ConnectionSettingsError(f"the cluster of context {chosen!r} has no server")
    token_file = user.get("tokenFile")
    return Target(
        server=server,
        namespace=str(link.get("namespace") or "default"),
        ca=_pem(cluster, "certificate-authority", directory),
        client_certificate=_pem(user, "client-certificate", directory),
        client_key=_pem(user, "client-key", directory),
        token=user.get("token") or None,
        token_file=directory / str(token_file) if token_file else None,
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
        server_name=cluster.get("tls-server-name") or None,
    )


def ssl_context(target: Target) -> ssl.SSLContext | None:
    """The TLS settings for the target; None where the address is plain http."""
    if not target.server.startswith("https:"):
        return None
    made = ssl.create_default_context(cafile=_path(target.ca), cadata=_text(target.ca))
    if target.insecure:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if target.client_certificate is not None:
        with _as_file(target.client_certificate) as cert, _as_file(target.client_key) as key:
            made.load_cert_chain(cert or "", key)
    return made


class Credentials:
    """The bearer token of a target, kept current."""

    def __init__(self, target: Target, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = target.token_file
        self._token = target.token
        self._clock = clock
        self._read_at = float("-inf")

    def due(self) -> bool:
        """Whether the token file must be read before the next request."""
        return self._file is not None and self._clock() - self._read_at > TOKEN_SECONDS

    def header(self) -> str | None:
        """Value of the Authorization header; None where a certificate or nothing proves us."""
        return f"Bearer {self._token}" if self._token else None

    async def refresh(self) -> bool:
        """Read the token file again; whether the token is now another one.

        A file that cannot be read for a moment leaves the known token in place.
        """
        if self._file is None:
            return False
        before = self._token
        with contextlib.suppress(OSError):
            self._token = (await asyncio.to_thread(self._file.read_text)).strip()
        self._read_at = self._clock()
        return self._token != before


def _mapping(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConnectionSettingsError(f"{what} is not a mapping")
    return cast("dict[str, Any]", value)


def _entry(root: dict[str, Any], section: str, inner: str, name: str) -> dict[str, Any]:
    listed: object = root.get(section)
    for each in cast("list[object]", listed) if isinstance(listed, list) else []:
        entry = _mapping(each, f"an entry of {section}")
        if entry.get("name") == name:
            return _mapping(entry.get(inner), f"{section}[{name}].{inner}")
    raise ConnectionSettingsError(f"the kubeconfig names {inner} {name!r} but does not have it")


def _pem(section: dict[str, Any], word: str, directory: Path) -> Pem | None:
    encoded: object = section.get(f"{word}-data")
    if encoded:
        try:
            return Pem(data=base64.b64decode(str(encoded), validate=True))
        except binascii.Error as error:
            raise ConnectionSettingsError(f"{word}-data is not base64: {error}") from error
    path: object = section.get(word)
    return Pem(path=directory / str(path)) if path else None


def _path(pem: Pem | None) -> Path | None:
    return pem.path if pem else None


def _text(pem: Pem | None) -> str | None:
    return pem.data.decode("ascii") if pem and pem.data else None


@contextlib.contextmanager
def _as_file(pem: Pem | None) -> Generator[Path | None]:
    # Python's ssl module reads a client's key from files only.
    if pem is None or pem.data is None:
        yield _path(pem)
        return
    with tempfile.NamedTemporaryFile() as held:
        held.write(pem.data)
        held.flush()
        yield Path(held.name)
