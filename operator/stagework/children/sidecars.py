"""Our own containers in the Pod of a `contract: Files` stage: one before it, and one beside it.

They alone have the token. The stage's container knows nothing of them; all three share the work
folder. They run as the stage's own user, or they could not read what it leaves.
"""

from collections.abc import Mapping
from typing import Any, Final

from stagekit import contract
from stagework.api import names
from stagework.api.pipelinejob import PipelineJob
from stagework.api.stages import Stage
from stagework.children.pod_defaults import PodDefaults
from stagework.children.stage_environment import contract_env, service_env
from stagework.children.stage_volumes import INFO_MOUNT, WORK_VOLUME

Manifest = dict[str, Any]

_RESTRICTED: Final[Manifest] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}

_NO_PARAMS: Final[Mapping[str, str]] = {}
"""They read them as a file."""


def sidecar_containers(
    run: PipelineJob, stage: Stage, attempt: int, defaults: PodDefaults
) -> list[Manifest]:
    """The two, in the order in which they start: `initContainers` of the Pod."""
    service = service_env(defaults)
    timed = {**service, contract.ENV_GRACE_SECONDS: str(defaults.files.grace_seconds)}
    fetch_env = contract_env(run, stage, attempt, _NO_PARAMS, service)
    keep_env = contract_env(run, stage, attempt, _NO_PARAMS, timed)
    work: Manifest = {"name": WORK_VOLUME, "mountPath": contract.WORK_DIR}
    fetch = _container(names.FETCH_CONTAINER, "fetch", fetch_env, work, defaults)
    read_only = {**work, "readOnly": True}
    keep = _container(names.KEEP_CONTAINER, "keep", keep_env, read_only, defaults)
    return [fetch, {**keep, "restartPolicy": "Always"}]


def fence_probe() -> Manifest:
    """The liveness probe of the stage's container: it ends a stage that nobody hears any more."""
    return {
        "httpGet": {"path": contract.FENCE_PATH, "port": contract.FENCE_PORT},
        "initialDelaySeconds": contract.FENCE_START_SECONDS,
        "periodSeconds": contract.FENCE_PERIOD_SECONDS,
        "timeoutSeconds": contract.FENCE_PERIOD_SECONDS,
        "failureThreshold": contract.FENCE_FAILURES,
        "terminationGracePeriodSeconds": contract.FENCE_GRACE_SECONDS,
    }


def _container(
    name: str, verb: str, env: list[Manifest], work: Manifest, defaults: PodDefaults
) -> Manifest:
    files = defaults.files
    return {
        "name": name,
        "image": files.image,
        "imagePullPolicy": files.image_pull_policy,
        "command": ["python3", "-m", "stagekit", verb],
        "env": env,
        "resources": files.resources,
        "terminationMessagePolicy": "File",
        "terminationMessagePath": contract.TERMINATION_FILE,
        "volumeMounts": [work, INFO_MOUNT],
        "securityContext": _RESTRICTED,
    }
