"""The environment of a stage's Pod: what its containers are told, as `stagekit.contract` has it."""

from collections.abc import Mapping
from typing import Any, Final

from stagekit import contract
from stagework.api import names
from stagework.api.pipelinejob import PipelineJob
from stagework.api.stages import Stage
from stagework.children.pod_defaults import PodDefaults

Manifest = dict[str, Any]

_ANNOTATED: Final = (
    (contract.ENV_OUTCOME_SO_FAR, names.ANNOTATION_OUTCOME),
    (contract.ENV_OUTCOMES, names.ANNOTATION_OUTCOMES),
)
"""Variables that a Pod's annotations give, as they are when its container starts."""


def contract_env(
    run: PipelineJob,
    stage: Stage,
    attempt: int,
    params: Mapping[str, str],
    more: Mapping[str, str],
) -> list[Manifest]:
    """For every container that works for the stage: who it is, where it works, and its params.

    `more`: what this container is told besides.
    """
    meta = run.metadata
    literal = {
        contract.ENV_RUN: meta.name,
        contract.ENV_RUN_UID: meta.uid,
        contract.ENV_NAMESPACE: meta.namespace,
        contract.ENV_STAGE: stage.name,
        contract.ENV_ATTEMPT: str(attempt),
        contract.ENV_TIMEOUT_SECONDS: str(stage.timeoutSeconds),
        contract.ENV_WORK_DIR: contract.WORK_DIR,
        contract.ENV_TERMINATION_FILE: contract.TERMINATION_FILE,
        **more,
    }
    if run.spec.input is not None and run.spec.input.uri is not None:
        literal[contract.ENV_INPUT_URI] = run.spec.input.uri
    if run.spec.input is not None and run.spec.input.items is not None:
        items = run.spec.input.items
        literal[contract.ENV_INPUT_ITEMS] = f"r{items.round}-{items.from_}-{items.to - items.from_}"
    if run.spec.slotTime is not None:
        literal[contract.ENV_SLOT_TIME] = run.spec.slotTime
    for name, value in params.items():
        literal[contract.param_variable(name)] = value
    return [
        *({"name": name, "value": as_written(value)} for name, value in literal.items()),
        _field(contract.ENV_POD_NAME, "metadata.name"),
        _field(contract.ENV_POD_UID, "metadata.uid"),
        # They are written when the gate is removed: a container starts after that.
        *(_field(name, f"metadata.annotations['{key}']") for name, key in _ANNOTATED),
    ]


def service_env(defaults: PodDefaults) -> dict[str, str]:
    """Where the API service is, and the files of the volume with the token."""
    files = {
        contract.ENV_TOKEN_FILE: contract.TOKEN_FILE_NAME,
        contract.ENV_INPUTS_FILE: contract.INPUTS_FILE_NAME,
        contract.ENV_PARAMS_FILE: contract.PARAMS_FILE_NAME,
    }
    places = {variable: f"{contract.INFO_DIR}/{name}" for variable, name in files.items()}
    beats = defaults.heartbeat_url
    more = {contract.ENV_HEARTBEAT_URL: beats} if beats else {}
    return {contract.ENV_API_URL: defaults.api_url, **more, **places}


def files_env(run: PipelineJob) -> dict[str, str]:
    """For a container that does not see that volume: what our container before it puts there."""
    files = {
        contract.ENV_INPUTS_FILE: contract.INPUTS_COPY,
        contract.ENV_PARAMS_FILE: contract.PARAMS_COPY,
    }
    if run.spec.input is not None and run.spec.input.items is not None:
        files[contract.ENV_ITEMS_FILE] = contract.ITEMS_LIST
        files[contract.ENV_ITEM_OUTCOMES_FILE] = contract.ITEM_OUTCOMES
    return {variable: f"{contract.WORK_DIR}/{name}" for variable, name in files.items()}


def as_written(value: str) -> str:
    """Arrives as it was written: Kubernetes would expand `$(X)` and `$$` in it."""
    return value.replace("$", "$$")


def _field(name: str, path: str) -> Manifest:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
