"""What a stage is given at its turn: its machine class and the winning prefixes above it."""

import json
from collections.abc import Mapping

from stagework.api.base import Metadata
from stagework.api.machines import MachineClass
from stagework.api.stage_status import States
from stagework.policies.stage_order import ancestors


def inputs_document(
    run: Metadata,
    stage: str,
    machine: MachineClass,
    dependencies: Mapping[str, tuple[str, ...]],
    states: States,
) -> str:
    """JSON for the annotation `stagework.dev/inputs`; only committed, succeeded ancestors.

    `mayBeAway` tells stagekit that silence means sleep here: it must not end itself for it.
    """
    prefixes = {
        name: prefix
        for name in ancestors(stage, dependencies)
        if (commit := states[name].commit) is not None
        and (prefix := commit.prefix_of(run.namespace, run.uid, name))
        and states[name].state == "Succeeded"
    }
    document = {"machine": machine.key, "mayBeAway": machine.mayBeAway, "stages": prefixes}
    return json.dumps(document, separators=(",", ":"))
