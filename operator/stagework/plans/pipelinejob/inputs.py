"""What a stage is given at its turn: its machine class, and what has become of those above it."""

import json

from stagekit import contract
from stagework.api import names
from stagework.api.base import Metadata
from stagework.api.machines import MachineClass
from stagework.api.stage_status import States
from stagework.policies.stage_order import Dependencies, ancestors


def inputs_document(
    run: Metadata,
    stage: str,
    machine: MachineClass,
    dependencies: Dependencies,
    states: States,
) -> str:
    """JSON for the annotation `stagework.dev/inputs`: prefixes of succeeded ancestors, outcomes of
    all.

    `mayBeAway` tells stagekit that silence means sleep here: it must not end itself for it.
    """
    prefixes = {
        name: commit.prefix_of(run.namespace, run.uid, name)
        for name in ancestors(stage, dependencies)
        if (commit := states[name].commit) is not None and states[name].state == "Succeeded"
    }
    document: dict[str, object] = {
        "machine": machine.key,
        "mayBeAway": machine.mayBeAway,
        "stages": prefixes,
    }
    outcomes = {
        name: _outcome(states[name].state, states[name].reason)
        for name in ancestors(stage, dependencies)
    }
    if outcomes:
        document["outcomes"] = outcomes
    return json.dumps(document, separators=(",", ":"))


def outcome_annotations(stage: str, dependencies: Dependencies, states: States) -> dict[str, str]:
    """What has become of the stages above it, as its environment has it: all of them, however far
    up.
    """
    above = [states[name] for name in ancestors(stage, dependencies)]
    failed = any(upper.state == names.STAGE_FAILED_STATE for upper in above)
    so_far = contract.OUTCOME_FAILED if failed else contract.OUTCOME_SUCCEEDED
    words = (f"{s.name}={s.state}:{s.reason}".removesuffix(":") for s in above)
    return {names.ANNOTATION_OUTCOME: so_far, names.ANNOTATION_OUTCOMES: " ".join(words)}


def _outcome(state: str, reason: str) -> dict[str, str]:
    return {"outcome": state, "reason": reason} if reason else {"outcome": state}
