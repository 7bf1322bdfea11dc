"""Roles and bindings as plain documents: who may do what in a namespace."""

from collections.abc import Sequence

from tests.integration.kubectl import Kubectl
from tests.integration.waiting import eventually
from tests.support.cluster.commands import Document

GROUP = "rbac.authorization.k8s.io"


def role(namespace: str, name: str, verbs: Sequence[str], *resources: str) -> Document:
    """A Role for some resources, named `plural.group`, of the core group without a dot."""
    groups = sorted({resource.partition(".")[2] for resource in resources})
    plurals = [resource.partition(".")[0] for resource in resources]
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Role",
        "metadata": {"name": name, "namespace": namespace},
        "rules": [{"apiGroups": groups, "resources": plurals, "verbs": list(verbs)}],
    }


def binding(namespace: str, kind: str, role: str, *users: str, name: str = "") -> Document:
    """What a Role or ClusterRole allows is allowed to some users there."""
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name or role, "namespace": namespace},
        "roleRef": {"apiGroup": GROUP, "kind": kind, "name": role},
        "subjects": [{"kind": "User", "name": user} for user in users],
    }


def grant_all(kubectl: Kubectl, *documents: Document) -> None:
    """Make Roles and bindings, and wait until they hold: who judges hears of them a moment later.

    Of bindings in their order; so it is enough that the last one holds.
    """
    last = [document for document in documents if document["kind"] == "RoleBinding"][-1]
    user, namespace = last["subjects"][0]["name"], last["metadata"]["namespace"]
    before = _rules_of(kubectl, namespace, user)
    kubectl.create_all(*documents)
    eventually(
        lambda: _rules_of(kubectl, namespace, user) > before,
        f"the rights of {user} do not take hold",
    )


def _rules_of(kubectl: Kubectl, namespace: str, user: str) -> int:
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "metadata": {},
        "spec": {"namespace": namespace},
    }
    return len(kubectl.create(review, user=user).document()["status"]["resourceRules"])
