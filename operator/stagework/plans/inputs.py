"""What a stage is given at its turn: its machine class and the winning prefixes above it."""

import json
from collections.abc import Mapping

from stagework.api.pipelinejob import StageStatus
from stagework.policies.stage_order import ancestors


def inputs_document(
    stage: str,
    machine: str,
    dependencies: Mapping[str, tuple[str, ...]],
    states: Mapping[str, StageStatus],
) -> str:
    """JSON for the annotation `stagework.dev/inputs`; only committed, succeeded ancestors."""
    prefixes = {
        name: commit.prefix
        for name in ancestors(stage, dependencies)
        if (commit := states[name].commit) is not None
        and commit.prefix
        and states[name].state == "Succeeded"
    }
    return json.dumps({"machine": machine, "stages": prefixes}, separators=(",", ":"))
