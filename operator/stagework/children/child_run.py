"""What every run or batch has that the operator makes: one owner, which controls it, and its own
namespace.

Admission lets the operator make no other (`api/admission_children.py`).
"""

from collections.abc import Mapping
from typing import Any

from stagework.api.base import Metadata
from stagework.api.kinds import PIPELINEJOB, Kind
from stagework.children.owner import controlled_by

Manifest = dict[str, Any]


def child_run(
    maker: Kind,
    meta: Metadata,
    name: str,
    labels: Mapping[str, str],
    spec: Manifest,
    *,
    kind: Kind = PIPELINEJOB,
) -> Manifest:
    """It as it is sent to the API server; `meta` is its maker's."""
    return {
        "apiVersion": kind.resource.api_version,
        "kind": kind.kind,
        "metadata": {
            "name": name,
            "namespace": meta.namespace,
            "labels": dict(labels),
            "ownerReferences": [controlled_by(maker, meta)],
        },
        "spec": spec,
    }
