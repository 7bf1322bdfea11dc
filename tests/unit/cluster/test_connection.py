"""Where the API server is, from a kubeconfig or from within a Pod."""

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from stagework.cluster.client import connection
from stagework.cluster.client.connection import (
    ConnectionSettingsError,
    Credentials,
    Target,
    find,
    in_cluster,
    ssl_context,
)

CONFIG: dict[str, Any] = {
    "current-context": "kind",
    "contexts": [
        {"name": "kind", "context": {"cluster": "c", "user": "u", "namespace": "work"}},
        {"name": "other", "context": {"cluster": "d", "user": "t"}},
    ],
    "clusters": [
        {
            "name": "c",
            "cluster": {
                "server": "https://127.0.0.1:6443/",
                "certificate-authority-data": base64.b64encode(b"CA").decode(),
            },
        },
        {"name": "d", "cluster": {"server": "http://d", "insecure-skip-tls-verify": True}},
    ],
    "users": [
        {
            "name": "u",
            "user": {
                "client-certificate-data": base64.b64encode(b"CERT").decode(),
                "client-key": "keys/u.pem",
            },
        },
        {"name": "t", "user": {"token": "secret"}},
    ],
}


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kubeconfig that $KUBECONFIG names."""
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(CONFIG))
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "u.pem").write_text("KEY")
    monkeypatch.setenv("KUBECONFIG", str(file))
    return file


def test_the_current_context_of_a_kubeconfig(kubeconfig: Path) -> None:
    target = find(kubeconfig)
    assert target.server == "https://127.0.0.1:6443"
    assert target.ca_file is not None
    assert target.ca_file.read_bytes() == b"CA"
    assert target.certificate_file is not None
    assert target.certificate_file.read_bytes() == b"CERT"
    assert target.key_file == kubeconfig.parent / "keys/u.pem"
    assert not target.insecure


def test_another_context_by_name(kubeconfig: Path) -> None:
    target = find(kubeconfig, context="other")
    assert (target.token, target.insecure) == ("secret", True)
    assert ssl_context(target) is None


def test_the_file_that_the_environment_names_is_found(
    kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert find().server == find(kubeconfig).server


def test_where_the_api_server_is_looked_for(
    kubeconfig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As kubectl does: what is named, $KUBECONFIG, ~/.kube/config, and last our own Pod."""
    monkeypatch.setattr(connection, "SERVICE_ACCOUNT_DIR", tmp_path)
    (tmp_path / "token").write_text("t")
    (tmp_path / "namespace").write_text("ours\n")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    named = tmp_path / "named"
    named.write_text(yaml.safe_dump({**CONFIG, "current-context": "other"}))
    own = tmp_path / ".kube" / "config"
    own.parent.mkdir()
    own.write_text(named.read_text())
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(own))

    assert (find(named).server, find(named).namespace) == ("http://d", "default")
    assert (find().server, find().namespace) == ("https://127.0.0.1:6443", "work")
    assert find(context="other").server == "http://d"
    monkeypatch.delenv("KUBECONFIG")
    assert find().server == "http://d"
    own.unlink()
    assert (find().server, find().namespace) == ("https://10.0.0.1:443", "ours")
    with pytest.raises(ConnectionSettingsError):
        find(context="other")


def test_a_proxy_is_known_unless_the_server_is_excepted(
    kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    assert find(kubeconfig).proxy == "http://proxy:3128"
    monkeypatch.setenv("no_proxy", "127.0.0.0/8")
    assert find(kubeconfig).proxy is None


MISSING: list[tuple[dict[str, Any], str]] = [
    ({"current-context": "gone"}, "gone"),
    ({"clusters": []}, "clusters"),
]


@pytest.mark.parametrize(("change", "sentence"), MISSING)
def test_what_is_missing_is_said(kubeconfig: Path, change: dict[str, Any], sentence: str) -> None:
    kubeconfig.write_text(yaml.safe_dump({**CONFIG, **change}))
    with pytest.raises(ConnectionSettingsError, match=sentence):
        find(kubeconfig)


@pytest.mark.parametrize("content", [None, "a: [", "just words"])
def test_a_file_that_cannot_be_read_is_said(kubeconfig: Path, content: str | None) -> None:
    if content is None:
        kubeconfig.unlink()
    else:
        kubeconfig.write_text(content)
    with pytest.raises(ConnectionSettingsError, match="no usable kubeconfig"):
        find(kubeconfig)


def test_within_a_pod(tmp_path: Path) -> None:
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"}
    with pytest.raises(ConnectionSettingsError, match="automountServiceAccountToken"):
        in_cluster(environment, tmp_path)
    (tmp_path / "token").write_text("t")
    target = in_cluster(environment, tmp_path)
    assert target.server == "https://[fd00::1]:6443"
    assert target.read_token is not None
    assert target.read_token() == "t"


async def test_a_token_file_is_read_again_each_minute(tmp_path: Path) -> None:
    now = 0.0
    file = tmp_path / "token"
    file.write_text("one")
    known = Credentials(Target("https://x", read_token=file.read_text), clock=lambda: now)
    assert known.due()
    assert await known.refresh()
    assert known.header() == "Bearer one"
    file.write_text("two")
    now = 59.0
    assert not known.due()
    now = 61.0
    assert known.due()
    assert await known.refresh()
    file.unlink()
    assert not await known.refresh()
    assert known.header() == "Bearer two", "a file that is being swapped costs nothing"
