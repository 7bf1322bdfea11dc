"""`Pipeline`: a reusable list of stages with the params they take."""

from typing import Annotated

from pydantic import Field, StringConstraints

from stagework.api.base import Metadata, Resource, no_null_byte
from stagework.api.stages import Stage, Stages

ParamName = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]*$", max_length=40)]
ParamValue = Annotated[str, StringConstraints(max_length=2048), no_null_byte("a param")]


MAX_PARAMS = 32
"""Params of a pipeline at most."""
PARAMS_BYTES = 192 * 1024
"""All values together in bytes of UTF-8: 32 of the longest in letters of three bytes (Korean,
Chinese). They stand in an annotation of a stage's Pod, and all of those have 256 KiB."""


class Param(Resource):
    """A value that a run gives to its stages."""

    name: ParamName
    """A lower-case letter, then letters, digits and `_`; stages see STAGEWORK_PARAM_<NAME>."""
    description: Annotated[str, StringConstraints(max_length=512)] = ""
    """What it is for, with an example."""
    required: bool = False
    """True: a run without it is refused."""
    default: ParamValue | None = None
    """Value of a run that does not give it; absent and not required: the empty string."""


class PipelineSpec(Resource):
    """The stages and their params."""

    params: list[Param] = Field(
        default=[], max_length=MAX_PARAMS, json_schema_extra={"x-map-key": "name"}
    )
    """Values that a run gives."""
    stages: Stages
    """The stages; each runs after the one above it unless `dependsOn` says otherwise."""


class Pipeline(Resource):
    """A Pipeline with the metadata that decisions use."""

    metadata: Metadata
    """Name and version."""
    spec: PipelineSpec
    """What a person wrote."""


def effective_dependencies(stages: list[Stage]) -> dict[str, tuple[str, ...]]:
    """Stage name to the names it waits for: `dependsOn`, or the stage above where absent."""
    result: dict[str, tuple[str, ...]] = {}
    above: tuple[str, ...] = ()
    for stage in stages:
        result[stage.name] = above if stage.dependsOn is None else tuple(stage.dependsOn)
        above = (stage.name,)
    return result
