"""The API service, through the API server's service proxy: no port to open, RBAC decides.

The person's own credentials open the proxy. To the service itself a token speaks that is made
for it alone (audience `stagework`): the kubeconfig's own token is never handed on unless it was
issued for that audience.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from stagekit.contract import HEADER_AUTHORIZATION, HEADER_SHA256
from stagework.api import names
from stagework.api.kinds import PIPELINEJOB
from stagework.cli import replies
from stagework.cli.cluster import Answer, Cluster
from stagework.cli.errors import ClusterUnreachable, CommandError, NotAllowed, NotThere

SERVICE: Final = "stagework-api"
"""Name of the Service, and of its Deployment."""
PORT: Final = 8080
TOKEN_SECONDS: Final = 600
"""Life of the tokens made for one command."""
UPLOAD_SECONDS: Final = 600.0


@dataclass
class ApiService:
    """The API service as a ServiceAccount of `namespace` sees it."""

    cluster: Cluster
    release_namespace: str
    namespace: str
    account: str
    _token: str = ""

    def upload(self, name: str, file: Path, digest: str) -> str:
        """Store a file; the answer is its `artifact://` address."""
        answer = self.cluster.request(
            "PUT",
            self._path(f"/v1/uploads/{self.namespace}/{quote(name)}"),
            body=file,
            headers={
                **self._proof(),
                "Content-Type": "application/octet-stream",
                "Content-Length": str(file.stat().st_size),
                HEADER_SHA256: digest,
            },
            timeout_seconds=UPLOAD_SECONDS,
        )
        if not answer.good:
            raise self._explain(answer, f"upload {name}", "create")
        return str(replies.decoded(answer.body).get("uri", ""))

    def files(self, prefix: str) -> list[str]:
        """Paths of the files below a committed prefix; empty where there are none."""
        path = self._path(f"/v1/artifacts/{quote(prefix)}/")
        answer = self.cluster.request("GET", path, headers=self._proof())
        if answer.missing and "kind" not in replies.decoded(answer.body):
            return []
        if not answer.good:
            raise self._explain(answer, f"list {prefix}", "get")
        listed = replies.items(replies.decoded(answer.body), "files")
        return [str(file.get("path", "")) for file in listed]

    def download(self, prefix: str, path: str, into: Path) -> None:
        """Fetch one file."""
        where = self._path(f"/v1/artifacts/{quote(prefix)}/{quote(path)}")
        headers = {**self._proof(), "Accept": "*/*"}
        answer = self.cluster.download(where, into, headers=headers)
        if not answer.good:
            raise self._explain(answer, f"get {path}", "get")

    def _path(self, path: str) -> str:
        return (
            f"/api/v1/namespaces/{self.release_namespace}/services/"
            f"http:{SERVICE}:{PORT}/proxy{path}"
        )

    def _proof(self) -> Mapping[str, str]:
        if not self._token:
            own = self.cluster.bearer_token
            self._token = own if own and meant_for_us(own) else self._made_token()
        # The proxy strips `Authorization`; this one passes.
        return {HEADER_AUTHORIZATION: f"Bearer {self._token}"}

    def _made_token(self) -> str:
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"audiences": [names.TOKEN_AUDIENCE], "expirationSeconds": TOKEN_SECONDS},
        }
        account = f"{self.namespace}/{self.account}"
        answer = self.cluster.request(
            "POST",
            f"/api/v1/namespaces/{self.namespace}/serviceaccounts/{self.account}/token",
            body=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        if answer.missing:
            raise NotThere(
                f"there is no ServiceAccount {account}",
                command=f"kubectl create serviceaccount {self.account} -n {self.namespace}",
            )
        if not answer.good:
            raise replies.explain(answer, f"make a token of ServiceAccount {account}")
        status = replies.mapping(replies.decoded(answer.body).get("status"))
        return str(status.get("token", ""))

    def _explain(self, answer: Answer, doing: str, verb: str) -> CommandError:
        reply = replies.decoded(answer.body)
        if reply.get("kind") == "Status":
            return self._from_proxy(answer, reply, doing)
        cause = str(reply.get("error") or f"the API service answered {answer.status}")
        if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            role = "stagework-view" if verb == "get" else "stagework-edit"
            return NotAllowed(
                f"{doing}: {cause}: ServiceAccount {self.namespace}/{self.account} needs the "
                f"right to {verb} {PIPELINEJOB.plural} in {self.namespace}",
                command=f"kubectl create rolebinding {self.account}-{role} -n {self.namespace} "
                f"--clusterrole={role} --serviceaccount={self.namespace}:{self.account}",
            )
        hint = f" ({reply['hint']})" if reply.get("hint") else ""
        logs = f"kubectl logs deployment/{SERVICE} -n {self.release_namespace} --tail=50"
        return CommandError(
            f"{doing}: {cause}{hint}",
            command=logs if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "",
        )

    def _from_proxy(self, answer: Answer, reply: dict[str, Any], doing: str) -> CommandError:
        where = f"{self.release_namespace}/{SERVICE}"
        if answer.missing:
            return NotThere(
                f"{doing}: there is no Service {where}; is the release in another namespace?",
                command="kubectl get services -A --field-selector metadata.name=stagework-api",
            )
        if answer.status > HTTPStatus.INTERNAL_SERVER_ERROR:
            return ClusterUnreachable(
                f"{doing}: the API service {where} does not answer: {reply.get('message', '')}",
                command=f"kubectl get pods -n {self.release_namespace}",
            )
        return replies.explain(answer, doing)


def meant_for_us(token: str) -> bool:
    """Whether a token is a JWT that was issued for the API service's audience."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        return False
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = replies.decoded(base64.urlsafe_b64decode(padded))
    except ValueError:
        return False
    audience: object = claims.get("aud")
    return audience == names.TOKEN_AUDIENCE or (
        isinstance(audience, list) and names.TOKEN_AUDIENCE in audience
    )
