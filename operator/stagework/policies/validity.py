"""Can this run start as written? What the schema cannot see: params, classes, settings.

The order of stages is checked once more, although the CRD's rules refuse a wrong one at apply: an
object from before those rules must not break the planning.
"""

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from stagework.api.causes import sentence
from stagework.api.machines import Fleet
from stagework.api.pipeline import PARAMS_BYTES, PARAMS_TOO_LONG, Param
from stagework.api.stages import Stage

_SHOWN_BYTES: Final = 80
"""Of a wrong value so much is told."""
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
    if stage.runsIf != "Succeeded" and not (above if stage.dependsOn is None else stage.dependsOn):
        sentences.append(
            f"stage {stage.name}: runsIf: {stage.runsIf} is of no use, for it depends on no stage; "
            "move it down, or name stages in its dependsOn"
        )
    if stage.name in above:
        sentences.append(f"stage {stage.name}: the name is used twice; rename one of them")
    alike = [name for name in above - {stage.name} if _alike(name, stage.name)]
    if alike:
        sentences.append(
            f"stage {stage.name}: its name and {alike[0]} differ by `-` and `_` alone; rename one"
        )
    if stage.name.endswith(("_", "-")):
        # It becomes a label value, which must end with a letter or digit.
        sentences.append(f"stage {stage.name}: a name cannot end with `_` or `-`; rename it")
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
    sentences.extend(_choice_faults(params, given))
    return sentences


def _choice_faults(params: list[Param], given: Mapping[str, str]) -> list[str]:
    """Whatever the run gives: the Pipeline's own default is one of them, or left out on purpose."""
    return [
        f"params: {param.name} cannot be {sentence(given[param.name], _SHOWN_BYTES)!r}; "
        f"the pipeline takes {', '.join(map(repr, param.enum))}"
        for param in params
        if param.enum is not None and param.name in given and given[param.name] not in param.enum
    ]


def _alike(one: str, other: str) -> bool:
    """As environment variables, and in the names of Jobs, they would be the same."""
    return one.replace("-", "_") == other.replace("-", "_")


def _value_faults(values: Mapping[str, str]) -> list[str]:
    sentences = [
        f"params: {name} has the character NUL, which no program can be given; remove it"
        for name, value in values.items()
        if "\0" in value
    ]
    together = pairwise(sorted(values, key=lambda name: name.replace("-", "_")))
    sentences.extend(
        f"params: {one} and {other} would be one environment variable; rename one"
        for one, other in together
        if _alike(one, other)
    )
    if sum(len(value.encode(errors="replace")) for value in values.values()) > PARAMS_BYTES:
        sentences.append(f"params: {PARAMS_TOO_LONG}")
        return sentences
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
