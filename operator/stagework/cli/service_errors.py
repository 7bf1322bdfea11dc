"""The API service's answers that are no success, as errors a person can act on."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from stagework.api.kinds import BATCH, INTERVENTION, PIPELINEJOB
from stagework.cli import replies
from stagework.cli.cluster import Answer, Cluster
from stagework.cli.errors import ClusterUnreachable, CommandError, NotAllowed, NotThere
from stagework.cli.objects import Objects

SERVICE: Final = "stagework-api"
"""Name of the Service, and of its Deployment."""
_NEEDED: Final = {
    "get": ("stagework-view", f"get {PIPELINEJOB.plural}"),
    "list": ("stagework-view", f"get and list {PIPELINEJOB.plural}"),
    "create": ("stagework-edit", f"create {PIPELINEJOB.plural}"),
    "items": ("stagework-view", f"get {BATCH.plural}"),
    "reprocess": (
        "stagework-edit",
        f"create {INTERVENTION.plural} and reprocess {BATCH.plural}",
    ),
    "logs": ("stagework-logs", f"get {PIPELINEJOB.plural} and pods/log"),
}
"""What is asked of the API service: the role that gives it, and the right."""


@dataclass(frozen=True)
class Speaker:
    """Who speaks to the API service, about which namespace: what an answer means to them."""

    cluster: Cluster
    release_namespace: str
    namespace: str
    account: str
    """A ServiceAccount; empty: the person themselves."""

    def explain(self, answer: Answer, doing: str, verb: str) -> CommandError:
        """The error for an answer that is no success; `verb` says which right it took."""
        reply = replies.decoded(answer.body)
        if reply.get("kind") == "Status":
            return self._from_proxy(answer, reply, doing)
        cause = str(reply.get("error") or f"the API service answered {answer.status}")
        if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) and verb in _NEEDED:
            return self._without_right(f"{doing}: {cause}", *_NEEDED[verb])
        hint = f" ({reply['hint']})" if reply.get("hint") else ""
        logs = f"kubectl logs deployment/{SERVICE} -n {self.release_namespace} --tail=50"
        return CommandError(
            f"{doing}: {cause}{hint}",
            command=logs if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "",
        )

    def _without_right(self, what: str, role: str, right: str) -> NotAllowed:
        """Whoever speaks lacks a right: who it is, and the command that grants it."""
        where = self.namespace
        if self.account:
            speaker, name = f"ServiceAccount {where}/{self.account}", f"{self.account}-{role}"
            subject = f"--serviceaccount={where}:{self.account}"
        else:
            me = Objects(self.cluster).me()
            speaker, name, subject = me, role, replies.subject(me)
        return NotAllowed(
            f"{what}: {speaker} needs the right to {right} in {where}",
            command=f"kubectl create rolebinding {name} -n {where} --clusterrole={role} {subject}",
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
