"""What the demo does to the namespace before it runs anything: an account, and room."""

import json
from datetime import timedelta
from typing import Any, Final

from hack.demo.samples import name_of, placed
from stagework.api.kinds import PIPELINEJOB, Kind
from stagework.cli import replies
from stagework.cli.commands.session import Session
from stagework.cli.errors import TimeRanOut
from stagework.cli.objects import PIPELINES
from stagework.cli.stored_objects import path

ACCOUNT: Final = "stagework-demo"
"""ServiceAccount and RoleBinding that the demo makes."""
GONE_SECONDS: Final = 120.0
"""Longest wait for an earlier run of the same name to be gone."""
_RBAC: Final = "rbac.authorization.k8s.io"


def admit(session: Session, namespace: str) -> None:
    """Make an account that may upload into the namespace."""
    metadata = {"name": ACCOUNT, "namespace": namespace}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
    binding = {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": "stagework-edit"},
        "subjects": [{"kind": "ServiceAccount", **metadata}],
    }
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    _apply(session, f"{accounts}/{ACCOUNT}", account, "serviceaccount")
    bindings = f"/apis/{_RBAC}/v1/namespaces/{namespace}/rolebindings"
    _apply(session, f"{bindings}/{ACCOUNT}", binding, "rolebinding")


def clear(session: Session, namespace: str, objects: list[str], kind: Kind = PIPELINEJOB) -> None:
    """Delete objects of these names and wait until they are gone; raises TimeRanOut."""
    word = kind.kind.lower()
    for name in objects:
        answer = session.cluster.request("DELETE", path(kind.resource, namespace, name))
        if answer.good:
            session.terminal.say(f"{word}.stagework.dev/{name} of an earlier time deleted")
        elif not answer.missing:
            raise replies.explain(answer, f"delete {word} {name}")
    until = session.now() + timedelta(seconds=GONE_SECONDS)
    for name in objects:
        while _exists(session, path(kind.resource, namespace, name), f"{word} {name}"):
            if session.now() >= until:
                raise TimeRanOut(
                    f"the earlier {word} {name} is still being deleted",
                    command=f"kubectl get {kind.full_name} {name} -n {namespace} -o yaml",
                )
            session.sleep(0.5)


def apply_pipeline(session: Session, namespace: str, body: dict[str, Any]) -> None:
    """Make or change a Pipeline."""
    where = path(PIPELINES, namespace, name_of(body))
    _apply(session, where, placed(body, namespace), "pipeline", group=".stagework.dev")


def _exists(session: Session, where: str, what: str) -> bool:
    answer = session.cluster.request("GET", where)
    if not answer.good and not answer.missing:
        raise replies.explain(answer, f"get {what}")
    return answer.good


def _apply(
    session: Session, where: str, body: dict[str, Any], word: str, *, group: str = ""
) -> None:
    """Server-side apply, as the field manager of the command line."""
    answer = session.cluster.request(
        "PATCH",
        where,
        query={"fieldManager": "stagework-cli", "force": "true"},
        body=json.dumps(body).encode(),
        headers={"Content-Type": "application/apply-patch+yaml"},
    )
    if not answer.good:
        raise replies.explain(answer, f"apply {word} {name_of(body)}")
    session.terminal.say(f"{word}{group}/{name_of(body)} applied")
