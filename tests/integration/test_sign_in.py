"""Signing in on a real API server: nobody in another's name, and the whole way of a command.

The API service runs as a process with the token and the rights of its own account. Only the service
proxy is played: it needs a node. What it does is done here: it drops who asks.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from typer.testing import CliRunner

from hack.devcluster.apiserver import ApiServer
from stagework.api.admission import SIGN_INS_POLICY
from stagework.cli import main
from stagework.cli.cluster import Answer
from stagework.cli.commands.session import Session
from stagework.cli.connection import KubeConnection
from stagework.cli.objects import Objects
from tests.chart.rendered import NAMESPACE as RELEASE
from tests.chart.rendered import ROOT, render
from tests.integration.kubectl import Kubectl
from tests.integration.objects import Document, made
from tests.integration.waiting import eventually
from tests.unit.web.service import settings

POLICIES = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
RBAC = ("ClusterRole", "ClusterRoleBinding", "ServiceAccount")
PROXY = f"/api/v1/namespaces/{RELEASE}/services/http:stagework-api:8080/proxy"
DIGEST = "0" * 64
SERVE = """
import asyncio, sys
from datetime import timedelta
from stagework import settings
from stagework.web import main
from stagework.web.auth import sign_in_policy
sign_in_policy.SETTLED = timedelta(0)  # one API server, which the tests have waited for
asyncio.run(main.serve(settings.load(), "127.0.0.1", int(sys.argv[1])))
"""


@pytest.fixture(scope="module", autouse=True)
def policies(kubectl: Kubectl) -> Iterator[None]:
    """The policy about SignIns and the release's rights, while they hold."""
    chart = render()
    items = chart.of_kind(*RBAC)
    items += [chart.one(kind, SIGN_INS_POLICY) for kind in POLICIES]
    everything = {"apiVersion": "v1", "kind": "List", "items": items}
    kubectl.must("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=everything)
    eventually(lambda: not forged(kubectl).ok, "the policy does not take hold")
    yield
    for kind in reversed(POLICIES):
        kubectl.run("delete", kind, SIGN_INS_POLICY)
    eventually(lambda: forged(kubectl).ok, "the policy holds on after it was deleted")


def sign_in(namespace: str, **fields: Any) -> Document:
    return made("SignIn", namespace, {"secretDigest": DIGEST, **fields})


def forged(kubectl: Kubectl) -> Any:
    return kubectl.create(sign_in("default", username="somebody-else"), dry_run=True)


def me(kubectl: Kubectl, *user: str) -> dict[str, Any]:
    """Who the API server says that one is."""
    review = kubectl.must("auth", "whoami", "-o", "json", *user).document()
    known: dict[str, Any] = review["status"]["userInfo"]
    return known


class TestThePolicy:
    def test_in_ones_own_name(self, kubectl: Kubectl, namespace: str) -> None:
        assert kubectl.create(sign_in(namespace, **me(kubectl))).ok

    @pytest.mark.parametrize(
        "lie",
        [
            {"username": "system:admin"},
            {"groups": ["system:masters", "system:authenticated", "more"]},
            {"groups": ["system:authenticated", "system:masters"]},
            {"groups": []},
            {"uid": "1"},
            {"extra": {"scopes": ["all"]}},
        ],
        ids=str,
    )
    def test_in_nobody_elses(self, kubectl: Kubectl, namespace: str, lie: Document) -> None:
        answer = kubectl.create(sign_in(namespace, **{**me(kubectl), **lie}))
        assert not answer.ok
        assert f"'{SIGN_INS_POLICY}'" in answer.err
        assert "a SignIn names whoever makes it" in answer.err

    def test_nothing_of_oneself_may_be_left_out(self, kubectl: Kubectl, namespace: str) -> None:
        whole = me(kubectl)
        for field in whole.keys() - {"username"}:
            part = {key: value for key, value in whole.items() if key != field}
            assert not kubectl.create(sign_in(namespace, **part)).ok, field

    def test_it_cannot_be_changed(self, kubectl: Kubectl, namespace: str) -> None:
        document = kubectl.create(sign_in(namespace, **me(kubectl))).document()
        document["spec"]["secretDigest"] = "1" * 64
        answer = kubectl.replace(document)
        assert not answer.ok
        assert "a SignIn cannot be changed: make a new one" in answer.err


def ask_service(
    port: int,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request to the service."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with closing(connection):
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        return Answer(response.status, response.read(), dict(response.getheaders()))


class Person(KubeConnection):
    """Somebody's connection; through the proxy the service gets nothing of their proof."""

    def __init__(self, kubeconfig: Path, port: int) -> None:
        super().__init__(str(kubeconfig))
        self._port = port

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | Path | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 30,
    ) -> Answer:
        if not path.startswith(PROXY):
            return super().request(
                *(method, path),
                query=query,
                body=body,
                headers=headers,
                timeout_seconds=timeout_seconds,
            )
        raw = body.read_bytes() if isinstance(body, Path) else body
        target = path.removeprefix(PROXY) + (f"?{urlencode(query)}" if query else "")
        return ask_service(self._port, method, target, raw, headers)


def kubeconfig_of(token: str, server: ApiServer, path: Path) -> Path:
    """The administrator's kubeconfig with another token."""
    document = json.loads(server.kubeconfig_path.read_text())
    document["users"][0]["user"] = {"token": token}
    path.write_text(json.dumps(document))
    return path


@pytest.fixture(scope="module")
def port(
    policies: None,
    kubectl: Kubectl,
    api_server: ApiServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[int]:
    """The API service with its own account's rights."""
    folder = tmp_path_factory.mktemp("service")
    token = kubectl.must("create", "token", "stagework-api", "-n", RELEASE).out.strip()
    configured = settings(directory=str(folder / "volume")).model_dump(mode="json")
    configured["history"] = {"file": str(folder / "history.db")}
    (folder / "settings.yaml").write_text(json.dumps(configured))
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = free.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "operator"),
        "KUBECONFIG": str(kubeconfig_of(token, api_server, folder / "kubeconfig")),
        "STAGEWORK_SETTINGS": str(folder / "settings.yaml"),
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(number)], env=environment, stdout=log, stderr=log
        )
    try:
        eventually(lambda: _is_ready(number), f"the service does not answer: {folder}/log")
        yield number
    finally:
        process.terminate()
        process.wait(30)


def _is_ready(port: int) -> bool:
    try:
        return ask_service(port, "GET", "/readyz").good
    except OSError:
        return False


@pytest.fixture
def eve(kubectl: Kubectl, namespace: str) -> Document:
    """A ServiceAccount with the role stagework-edit in a fresh namespace, and no other right."""
    kubectl.run("create", "serviceaccount", "eve", "-n", RELEASE)
    kubectl.must(
        *("create", "rolebinding", "eve", "-n", namespace, "--clusterrole=stagework-edit"),
        f"--serviceaccount={RELEASE}:eve",
    )
    return kubectl.get("serviceaccount", "eve", "-n", RELEASE)


@pytest.fixture
def editor(
    eve: Document, kubectl: Kubectl, api_server: ApiServer, port: int, tmp_path: Path
) -> Person:
    """Eve with a token as they are made today."""
    token = kubectl.must("create", "token", "eve", "-n", RELEASE).out.strip()
    return Person(kubeconfig_of(token, api_server, tmp_path / "eve"), port)


@pytest.fixture
def editor_of_old(
    eve: Document, kubectl: Kubectl, api_server: ApiServer, port: int, tmp_path: Path
) -> Person:
    """Eve with a token that lies in a Secret, as they once were made: it has no id."""
    token = token_without_extra(eve, api_server, kubectl)
    return Person(kubeconfig_of(token, api_server, tmp_path / "eve-of-old"), port)


def token_without_extra(account: Document, server: ApiServer, kubectl: Kubectl) -> str:
    """As the token controller makes one for a Secret."""
    meta = account["metadata"]
    place, name, secret = meta["namespace"], meta["name"], f"{meta['name']}-token"
    of = "kubernetes.io/serviceaccount"
    says = {
        "iss": "kubernetes/serviceaccount",
        "sub": f"system:serviceaccount:{place}:{name}",
        f"{of}/namespace": place,
        f"{of}/secret.name": secret,
        f"{of}/service-account.name": name,
        f"{of}/service-account.uid": meta["uid"],
    }
    token = signed(says, server.kubeconfig_path.with_name("sa.key"))
    kubectl.must(
        *("apply", "--server-side", "-f", "-"),
        stdin={
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/service-account-token",
            "metadata": {
                "name": secret,
                "namespace": place,
                "annotations": {
                    "kubernetes.io/service-account.name": name,
                    "kubernetes.io/service-account.uid": meta["uid"],
                },
            },
            "data": {"token": b64encode(token.encode()).decode()},
        },
    )
    return token


def signed(says: Document, key: Path) -> str:
    """A JWT."""
    head = {"alg": "RS256", "typ": "JWT"}
    text = b".".join(
        urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, says)
    )
    sign = ["openssl", "dgst", "-sha256", "-sign", str(key)]
    signature = subprocess.run(sign, input=text, capture_output=True, check=True).stdout
    return (text + b"." + urlsafe_b64encode(signature).rstrip(b"=")).decode()


def type_in(person: Person, *words: str) -> Any:
    """A command of the command line."""
    return CliRunner().invoke(main.app, list(words), obj=Session(lambda: person))


class TestCommands:
    def test_an_editor_uploads_in_a_fresh_namespace_and_in_no_other(
        self, editor: Person, kubectl: Kubectl, namespace: str, tmp_path: Path
    ) -> None:
        file = tmp_path / "letter.txt"
        file.write_text("to whom it may concern")
        done = type_in(editor, "upload", str(file), "-n", namespace)
        assert done.exit_code == 0, done.output
        assert done.stdout.startswith(f"artifact://{namespace}/uploads/")
        assert type_in(editor, "upload", str(file), "-n", "default").exit_code == 1
        # Each SignIn was taken away by its use, and the namespace's account was given nothing.
        assert kubectl.get("signins", "-n", namespace)["items"] == []
        assert len(kubectl.get("rolebindings", "-n", namespace)["items"]) == 1

    def test_an_account_whose_token_has_no_id_signs_in_as_well(
        self, editor_of_old: Person, namespace: str, tmp_path: Path
    ) -> None:
        file = tmp_path / "letter.txt"
        file.write_text("to whom it may concern")
        assert "extra" not in Objects(editor_of_old).user()
        done = type_in(editor_of_old, "upload", str(file), "-n", namespace)
        assert done.exit_code == 0, done.output

    def test_the_administrator_uploads_and_asks_history_without_any_account(
        self, api_server: ApiServer, port: int, namespace: str, tmp_path: Path
    ) -> None:
        admin = Person(api_server.kubeconfig_path, port)
        file = tmp_path / "letter.txt"
        file.write_text("to whom it may concern")
        assert type_in(admin, "upload", str(file), "-n", namespace).exit_code == 0
        remembered = type_in(admin, "history", "-n", namespace, "-o", "json")
        assert remembered.exit_code == 0, remembered.output
        assert json.loads(remembered.stdout) == []

    def test_without_the_binding_of_the_policy_nobody_is_given_a_ticket(
        self, editor: Person, kubectl: Kubectl, namespace: str, tmp_path: Path
    ) -> None:
        file = tmp_path / "letter.txt"
        file.write_text("to whom it may concern")
        binding = render().one(POLICIES[1], SIGN_INS_POLICY)
        kubectl.must("delete", POLICIES[1], SIGN_INS_POLICY)
        try:
            refused = type_in(editor, "upload", str(file), "-n", namespace)
        finally:
            kubectl.must("apply", "--server-side", "-f", "-", stdin=binding)
            eventually(lambda: not forged(kubectl).ok, "the policy does not take hold")
        assert refused.exit_code == 1
        assert f"the admission policy {SIGN_INS_POLICY} is not in force" in refused.stderr
