"""Where the API server is, from a kubeconfig or from within a Pod."""

import base64
import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from stagework.cluster.client.connection import (
    ConnectionSettingsError,
    Credentials,
    Pem,
    Target,
    find,
    in_cluster,
    parse_kubeconfig,
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
HERE = Path("/etc/somewhere")


def test_the_current_context_of_a_kubeconfig() -> None:
    assert parse_kubeconfig(CONFIG, directory=HERE) == Target(
        server="https://127.0.0.1:6443",
        namespace="work",
        ca=Pem(data=b"CA"),
        client_certificate=Pem(data=b"CERT"),
        client_key=Pem(path=HERE / "keys/u.pem"),
    )


def test_another_context_by_name() -> None:
    target = parse_kubeconfig(CONFIG, directory=HERE, context="other")
    assert (target.token, target.insecure, target.namespace) == ("secret", True, "default")
    assert ssl_context(target) is None


MISSING: list[tuple[dict[str, Any], str]] = [
    ({"current-context": ""}, "no current-context"),
    ({"current-context": "gone"}, "names context 'gone'"),
    ({"clusters": []}, "names cluster 'c'"),
    ({"users": [{"name": "u", "user": {"exec": {}}}]}, "logs in by 'exec'"),
    ({"users": [{"name": "u", "user": {"client-key-data": "%"}}]}, "not base64"),
]


@pytest.mark.parametrize(("change", "sentence"), MISSING)
def test_what_is_missing_is_said(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConnectionSettingsError, match=sentence):
        parse_kubeconfig({**copy.deepcopy(CONFIG), **change}, directory=HERE)


def test_a_file_is_found_by_name_and_by_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(CONFIG))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("KUBECONFIG", str(file))
    assert find() == find(file)
    with pytest.raises(ConnectionSettingsError, match="cannot read"):
        find(tmp_path / "absent")
    file.write_text("a: [")
    with pytest.raises(ConnectionSettingsError, match="not YAML"):
        find(file)
    file.write_text("just words")
    with pytest.raises(ConnectionSettingsError, match="not a mapping"):
        find(file)


def test_within_a_pod(tmp_path: Path) -> None:
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"}
    with pytest.raises(ConnectionSettingsError, match="automountServiceAccountToken"):
        in_cluster(environment, tmp_path)
    (tmp_path / "token").write_text("t")
    (tmp_path / "namespace").write_text("stagework-system\n")
    target = in_cluster(environment, tmp_path)
    assert target.server == "https://[fd00::1]:6443"
    assert target.namespace == "stagework-system"
    assert target.token_file == tmp_path / "token"


async def test_a_token_file_is_read_again_each_minute(tmp_path: Path) -> None:
    now = 0.0
    file = tmp_path / "token"
    file.write_text("one")
    known = Credentials(Target("https://x", token_file=file), clock=lambda: now)
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
