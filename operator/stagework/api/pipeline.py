"""`Pipeline`: a reusable list of stages with the params they take."""

from typing import Annotated, Self, TypedDict, Unpack

from pydantic import ConfigDict, Field, StringConstraints

from stagework.api.base import TOTAL_MAX, Metadata, Observed, Resource, no_null_byte, rules
from stagework.api.conditions import Condition
from stagework.api.pod_fields import PullSecrets
from stagework.api.stages import MAX_STAGES, Stage, Stages

Parallelism = Annotated[int, Field(ge=1, le=MAX_STAGES)]
"""How many stages of a run may be at work at once."""
MAX_PARAMS = 32
"""Params of a pipeline at most."""
PARAMS_BYTES = 64 * 1024
"""All values together in bytes of UTF-8; one may have them all. They stand in an annotation of a
stage's Pod, and all of those have 256 KiB; a variable may have 128 KiB."""

ParamName = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_-]*$", max_length=40)]
ParamValue = Annotated[str, StringConstraints(max_length=PARAMS_BYTES), no_null_byte("a param")]
Choice = Annotated[str, StringConstraints(max_length=256), no_null_byte("a value of enum")]

PARAMS_TOO_LONG = (
    f"all params together may have {PARAMS_BYTES // 1024} KiB of UTF-8: shorten them, or give "
    "long texts as spec.input"
)
ONE_VARIABLE = (
    "two params have names that differ by `-` and `_` alone, and would be one environment "
    "variable: rename one"
)


class Param(Resource):
    """A value that a run gives to its stages."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "!has(self.enum) || !has(self.default) || self.default in self.enum",
                "default must be one of enum",
            ),
            (
                (
                    "!has(self.enum) || has(self.default) || '' in self.enum "
                    "|| (has(self.required) && self.required)"
                ),
                "a param with enum that a run may leave out needs a default, or required: true",
            ),
        )
    )

    name: ParamName
    """A lower-case letter, then letters, digits, `-` and `_`; stages see STAGEWORK_PARAM_<NAME>, in
    upper case and with `_` for `-`."""
    description: Annotated[str, StringConstraints(max_length=512)] = ""
    """What it is for, with an example."""
    required: bool = False
    """True: a run without it is refused."""
    default: ParamValue | None = None
    """Value of a run that does not give it; absent and not required: the empty string."""
    enum: list[Choice] | None = Field(
        default=None, min_length=1, max_length=64, json_schema_extra={"x-list-type": "set"}
    )
    """The values that a run may give; absent: any."""


class PipelineSpec(Resource):
    """The stages and their params."""

    params: list[Param] = Field(
        default=[],
        max_length=MAX_PARAMS,
        json_schema_extra={
            "x-map-key": "name",
            **rules(
                (
                    (
                        "[self.map(p, p.name.replace('-', '_'))]"
                        ".all(n, n.all(x, n.exists_one(y, x == y)))"
                    ),
                    ONE_VARIABLE,
                ),
                (
                    (
                        "self.map(p, has(p.default) ? size(bytes(p.default)) : 0).sum() "
                        f"<= {PARAMS_BYTES}"
                    ),
                    PARAMS_TOO_LONG,
                ),
            ),
        },
    )
    """Values that a run gives."""
    imagePullSecrets: PullSecrets = []
    """Secrets of this namespace with which its images are pulled, beside those of the settings."""
    stages: Stages
    """The stages; each runs after the one above it unless `dependsOn` says otherwise."""
    parallelism: Parallelism | None = None
    """So many stages of a run at work at once, at most; absent: as many as may start."""


class PipelineChanges(TypedDict, total=False):
    """What may change in a PipelineStatus."""

    observedGeneration: int
    conditions: list[Condition]
    runs: int


class PipelineStatus(Observed):
    """What there is to see of it; written by the operator alone, and no run depends on it."""

    observedGeneration: int = Field(default=-1, ge=-1, le=TOTAL_MAX)
    """Generation of the spec that this status speaks of; -1 before the operator saw it."""
    conditions: list[Condition] = Field(
        default=[], max_length=16, json_schema_extra={"x-map-key": "type"}
    )
    """Ready (runs can use it as it is written) and Stalled (they cannot: correct it)."""
    stages: int = Field(default=0, ge=0, le=MAX_STAGES)
    """How many stages it has."""
    params: int = Field(default=0, ge=0, le=MAX_PARAMS)
    """How many params it takes."""
    runs: int = Field(default=0, ge=0, le=TOTAL_MAX)
    """How many runs name it and have not ended, as of some seconds ago."""

    def evolve(self, **changes: Unpack[PipelineChanges]) -> Self:
        """The same status with other values."""
        return self._evolved(changes)


class Pipeline(Resource):
    """A Pipeline with the metadata that decisions use."""

    metadata: Metadata
    """Name and version."""
    spec: PipelineSpec
    """What a person wrote."""


def effective_dependencies(stages: list[Stage]) -> dict[str, tuple[str, ...]]:
    """Stage name to the names it waits for: `dependsOn`, or where that is absent the stage above.

    Stages that do not run if all is well (`runsIf: Ended`, `Failed`) stand beside that line: what
    follows them is not theirs, and where they do not say it they wait for everything above them.
    """
    result: dict[str, tuple[str, ...]] = {}
    above: tuple[str, ...] = ()
    for stage in stages:
        in_line = stage.runsIf == "Succeeded"
        given = stage.dependsOn
        result[stage.name] = (
            tuple(given) if given is not None else above if in_line else tuple(result)
        )
        if in_line:
            above = (stage.name,)
    return result
