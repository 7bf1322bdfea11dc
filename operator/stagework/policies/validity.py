"""Can this run start as written? What the schema cannot see: params, classes, settings.

The order of stages is checked once more, although the CRD's rules refuse a wrong one at apply: an
object from before those rules must not break the planning.
"""

import json
from collections.abc import Mapping
from typing import Final

from stagework.api.machines import Fleet
from stagework.api.pipeline import Param
from stagework.api.stages import Stage

PARAMS_BYTES_MAX: Final = 224 * 1024
"""All params as JSON: they stand in an annotation of a stage's Pod, and all of those together have
256 KiB; the rest is for the inputs, and for what others write."""


def faults(
    stages: list[Stage], params: list[Param] | None, given: Mapping[str, str], fleet: Fleet
) -> list[str]:
    """Sentences that say what to change; empty where the run can start.

    `params` is None for inline stages, which take any param.
    """
    sentences = _param_faults(params, given) if params is not None else []
    effective = given if params is None else effective_params(params, given)
    sentences.extend(_value_faults(effective))
    known = [machine.key for machine in fleet.machineClasses]
    above: set[str] = set()
    for stage in stages:
        sentences.extend(_order_faults(stage, above))
        above.add(stage.name)
        unknown = [name for name in stage.runsOn if name not in known]
        if unknown:
            sentences.append(
                f"stage {stage.name}: unknown machine class {unknown[0]!r} in runsOn; "
                f"known are {', '.join(known)}"
            )
    return sentences


def _order_faults(stage: Stage, above: set[str]) -> list[str]:
    sentences: list[str] = []
    if stage.name in above:
        sentences.append(f"stage {stage.name}: the name is used twice; rename one of them")
    if stage.name.endswith("_"):
        # It becomes a label value, which must end with a letter or digit.
        sentences.append(f"stage {stage.name}: a name cannot end with `_`; rename it")
    missing = [name for name in stage.dependsOn or () if name not in above or name == stage.name]
    if missing:
        sentences.append(
            f"stage {stage.name}: depends on {missing[0]}, which is not listed above it; "
            "correct dependsOn or move the stage down"
        )
    return sentences


def _param_faults(params: list[Param], given: Mapping[str, str]) -> list[str]:
    declared = {param.name for param in params}
    missing = [p.name for p in params if p.required and p.name not in given]
    unknown = sorted(set(given) - declared)
    sentences: list[str] = []
    if missing:
        sentences.append(f"params: {', '.join(missing)} missing; set spec.params.{missing[0]}")
    if unknown:
        allowed = ", ".join(sorted(declared)) or "none"
        sentences.append(f"params: unknown {', '.join(unknown)}; the pipeline takes {allowed}")
    return sentences


def _value_faults(values: Mapping[str, str]) -> list[str]:
    sentences = [
        f"params: {name} has the character NUL, which no program can be given; remove it"
        for name, value in values.items()
        if "\0" in value
    ]
    size = len(json.dumps(dict(values), ensure_ascii=False).encode(errors="replace"))
    if size > PARAMS_BYTES_MAX:
        sentences.append(
            f"params: {size} bytes as JSON are more than a Pod can be given ({PARAMS_BYTES_MAX}); "
            "shorten them, or give long texts as spec.input"
        )
    return sentences


def effective_params(params: list[Param], given: Mapping[str, str]) -> dict[str, str]:
    """Declared params with defaults filled in, in the order of declaration."""
    return {param.name: given.get(param.name, param.default or "") for param in params}
