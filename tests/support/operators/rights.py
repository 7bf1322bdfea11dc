"""What the chart lets the operator do; the simulated API server refuses the rest.

Read from `manifests/install.yaml`, which `make verify` keeps equal to the chart.
"""

from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

_MANIFEST: Final = Path(__file__).parents[3] / "manifests" / "install.yaml"
_ROLES: Final = ("Role", "ClusterRole")

Rights = frozenset[tuple[str, str]]
"""Pairs such as (`patch`, `pipelinejobs/status`)."""


@cache
def of_the_operator() -> Rights:
    """Everything that any role of the operator grants."""
    documents: list[Any] = list(yaml.safe_load_all(_MANIFEST.read_text()))
    roles = [
        each
        for each in documents
        if each["kind"] in _ROLES and each["metadata"]["name"].startswith("stagework-operator")
    ]
    assert roles, f"{_MANIFEST} has no role of the operator"
    return frozenset(
        (verb, resource)
        for role in roles
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    )
