"""The API service, through the API server's service proxy: no port to open, RBAC decides.

The person's own credentials open the proxy, which drops who they are. To the service itself a
ticket speaks that it has given them for signing in (`sign_in.py`), or, where they name a
ServiceAccount, a token of that one, made for the service alone (audience `stagework`). The
kubeconfig's own token is never handed on unless it was issued for that audience.
"""

import base64
import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from stagekit.contract import HEADER_AUTHORIZATION, HEADER_SHA256
from stagework.api import names
from stagework.api.base import explain
from stagework.cli import replies
from stagework.cli.cluster import Answer, Cluster, Streamed, Upgraded
from stagework.cli.errors import CommandError, NotThere, Refused
from stagework.cli.service_errors import SERVICE, Speaker
from stagework.cli.sign_in import ask_for_ticket

PORT: Final = 8080
TOKEN_SECONDS: Final = 600
"""Life of the tokens made for one command."""
RENEWED_SECONDS: Final = 480.0
"""A token or a ticket is shown for so long; both are good for ten minutes."""
UPLOAD_SECONDS: Final = 600.0
ReplyT = TypeVar("ReplyT", bound=BaseModel)


@dataclass
class ApiService:
    """The API service as the person sees it, or a ServiceAccount of `namespace` that they name."""

    cluster: Cluster
    release_namespace: str
    namespace: str
    account: str = ""
    """A ServiceAccount; empty: the person speaks for themselves."""
    clock: Callable[[], float] = time.monotonic
    _token: str = field(default="", init=False)
    _since: float = field(default=0.0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

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

    def read(self, path: str, query: Mapping[str, str], right: str = "list") -> bytes:
        """What a route answers; raises NotThere where it knows nothing."""
        answer = self.cluster.request("GET", self._path(path), query=query, headers=self._proof())
        return self._content(answer, f"get {path}", right)

    def post(self, path: str, query: Mapping[str, str], body: bytes, right: str) -> bytes:
        """What a route answers that takes a JSON object; raises NotThere likewise."""
        headers = {**self._proof(), "Content-Type": "application/json"}
        answer = self.cluster.request(
            "POST", self._path(path), query=query, body=body, headers=headers
        )
        return self._content(answer, f"post {path}", right)

    def forward(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> AbstractContextManager[Streamed]:
        """A route's answer as it comes; `target`: its path and query."""
        proved = {**headers, **self._proof()}
        return self.cluster.streamed(method, self._path(target), body=body, headers=proved)

    def upgrade(self, target: str, headers: Mapping[str, str]) -> Upgraded:
        """A route that answers in another protocol; raises ClusterUnreachable."""
        return self.cluster.upgrade(self._path(target), {**headers, **self._proof()})

    def forget(self) -> None:
        """The next request has a new ticket or token."""
        with self._lock:
            self._token = ""

    def log(self, run: str, stage: str, attempt: int) -> bytes | None:
        """The kept log of an attempt; None: none is kept."""
        path = f"/v1/runs/{self.namespace}/{quote(run)}/logs/{quote(stage)}/{attempt}"
        headers = {**self._proof(), "Accept": "*/*"}
        answer = self.cluster.request("GET", self._path(path), headers=headers)
        if answer.missing and "kind" not in replies.decoded(answer.body):
            return None
        if not answer.good:
            raise self._explain(answer, f"log of {run}", "logs")
        return answer.body

    def _content(self, answer: Answer, doing: str, right: str) -> bytes:
        if answer.missing and "kind" not in replies.decoded(answer.body):
            raise NotThere(str(replies.decoded(answer.body).get("error", "")))
        if not answer.good:
            raise self._explain(answer, doing, right)
        return answer.body

    def _path(self, path: str) -> str:
        return (
            f"/api/v1/namespaces/{self.release_namespace}/services/"
            f"http:{SERVICE}:{PORT}/proxy{path}"
        )

    def _proof(self) -> Mapping[str, str]:
        with self._lock:  # files are uploaded by several threads
            if not self._token or self.clock() - self._since > RENEWED_SECONDS:
                self._since = self.clock()
                self._token = self._new_token()
            # The proxy strips `Authorization`; this one passes.
            return {HEADER_AUTHORIZATION: f"Bearer {self._token}"}

    def _new_token(self) -> str:
        own = self.cluster.bearer_token
        if own and meant_for_us(own):
            return own
        return self._made_token() if self.account else self._ticket()

    def _ticket(self) -> str:
        answer = ask_for_ticket(self.cluster, self.namespace, self._path("/v1/tickets"))
        if not answer.good:
            raise self._explain(answer, "sign in to the API service", "sign in")
        return str(replies.decoded(answer.body).get("ticket", ""))

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
        speaker = Speaker(self.cluster, self.release_namespace, self.namespace, self.account)
        return speaker.explain(answer, doing, verb)


def read_answer(kind: type[ReplyT], body: bytes) -> ReplyT:
    """The answer, typed; raises Refused where this CLI is too old for it."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise Refused(
            f"the API service answers what this version does not know: {explain(error)}",
            command="pip install --upgrade stagework",
        ) from error


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
