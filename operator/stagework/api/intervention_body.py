"""An Intervention as it is sent to the API server, whoever sends it."""

from typing import Any

from stagework.api import names
from stagework.api.base import Metadata
from stagework.api.intervention import InterventionSpec
from stagework.api.kinds import INTERVENTION


def intervention_body(target: Metadata, spec: InterventionSpec) -> dict[str, Any]:
    """Named by the server after its target and verb; defaults are left out."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": INTERVENTION.kind,
        "metadata": {
            "generateName": f"{target.name[:200]}-{spec.verb.lower()}-",
            "namespace": target.namespace,
        },
        "spec": spec.model_dump(mode="json", exclude_defaults=True)
        | {"verb": spec.verb, "target": spec.target.model_dump(mode="json")},
    }
