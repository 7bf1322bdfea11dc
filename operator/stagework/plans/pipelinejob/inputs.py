"""What a stage is given at its turn: its machine class and the winning prefixes above it."""

import json
from collections.abc import Mapping

from stagework.api.machines import MachineClass
from stagework.api.stage_status import States
from stagework.policies.stage_order import ancestors


def inputs_document(
    stage: str,
    machine: MachineClass,
    dependencies: Mapping[str, tuple[str, ...]],
    states: States,
) -> str:
    """JSON for the annotation `stagework.dev/inputs`; only committed, succeeded ancestors.

    `mayBeAway` tells stagekit that silence means sleep here: it must not end itself for it.
    """
    prefixes = {
        name: commit.prefix
        for name in ancestors(stage, dependencies)
        if (commit := states[name].commit) is not None
        and commit.prefix
        and states[name].state == "Succeeded"
    }
    document = {"machine": machine.key, "mayBeAway": machine.mayBeAway, "stages": prefixes}
    return json.dumps(document, separators=(",", ":"))
