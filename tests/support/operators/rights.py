"""What the chart lets the operator do; the simulated API server refuses the rest.

Read from `manifests/install.yaml`, which `make verify` keeps equal to the chart.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from stagework.api import names
from stagework.api.kinds import Kind

_MANIFEST: Final = Path(__file__).parents[3] / "manifests" / "install.yaml"
_ROLES: Final = ("Role", "ClusterRole")

Right = tuple[str, str, str]
"""API group, resource and verb, such as (`stagework.dev`, `pipelinejobs/status`, `patch`)."""


def rights_of(role: dict[str, Any]) -> set[Right]:
    """Every right that a role or cluster role grants."""
    return {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@cache
def of_the_operator() -> frozenset[Right]:
    """Everything that any role of the operator grants."""
    documents: list[Any] = list(yaml.safe_load_all(_MANIFEST.read_text()))
    roles = [
        document
        for document in documents
        if document["kind"] in _ROLES
        and document["metadata"]["name"].startswith("stagework-operator")
    ]
    assert roles, f"{_MANIFEST} has no role of the operator"
    return frozenset(right for role in roles for right in rights_of(role))


def all_rights(kinds: Iterable[Kind]) -> frozenset[Right]:
    """Every verb on these kinds and their status."""
    return frozenset(
        (names.GROUP, resource, verb)
        for kind in kinds
        for resource in (kind.plural, f"{kind.plural}/status")
        for verb in ("get", "list", "watch", "patch", "delete")
    )
