"""Roles and bindings as plain documents: who may do what in a namespace."""

from collections.abc import Sequence
from typing import Any

Document = dict[str, Any]
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
