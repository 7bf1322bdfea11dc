"""Volumes of a stage's Pod and where they are mounted: ours, and those that the stage names."""

from typing import Any, Final

from stagekit import contract
from stagework.api import names
from stagework.api.stages import Stage
from stagework.api.volumes import Volume
from stagework.children.pod_defaults import PodDefaults

Manifest = dict[str, Any]

WORK_VOLUME: Final = "stagework-work"
"""Name of the volume below which a stage works."""
INFO_MOUNT: Final[Manifest] = {
    "name": names.INFO_VOLUME,
    "mountPath": contract.INFO_DIR,
    "readOnly": True,
}
"""Where the token, inputs and params are seen."""


def asks_service(stage: Stage) -> bool:
    """Whether the stage's container may ask the API service, and so needs a token for it.

    `Files` and `ExitCode` are for any program: it is given none.
    """
    return stage.contract == "Mark"


def has_sidecar(stage: Stage) -> bool:
    """Whether containers of our own stand before and beside the stage's, with the token."""
    return stage.contract == "Files"


def volumes(stage: Stage, defaults: PodDefaults) -> list[Manifest]:
    """The Pod's volumes."""
    limit = defaults.work_size_limit
    return [
        {"name": WORK_VOLUME, "emptyDir": {"sizeLimit": limit}},
        {"name": "stagework-tmp", "emptyDir": {"sizeLimit": limit}},
        *([_info_volume(defaults)] if asks_service(stage) or has_sidecar(stage) else []),
        *(_volume(volume) for volume in stage.volumes),
    ]


def mounts(stage: Stage) -> list[Manifest]:
    """Where the stage's container sees them."""
    return [
        {"name": WORK_VOLUME, "mountPath": contract.WORK_DIR},
        {"name": "stagework-tmp", "mountPath": "/tmp"},  # noqa: S108 - a private emptyDir
        *([INFO_MOUNT] if asks_service(stage) else []),
        *(_mount(volume) for volume in stage.volumes),
    ]


def _info_volume(defaults: PodDefaults) -> Manifest:
    """Token, inputs and params in one: the kubelet mounts each volume into every Pod."""
    token = {
        "serviceAccountToken": {
            "audience": defaults.audience,
            "expirationSeconds": 3600,
            "path": contract.TOKEN_FILE_NAME,
        }
    }
    info = [
        {
            "path": path,
            "fieldRef": {"fieldPath": f"metadata.annotations['{annotation}']"},
        }
        for path, annotation in (
            (contract.INPUTS_FILE_NAME, names.ANNOTATION_INPUTS),
            (contract.PARAMS_FILE_NAME, names.ANNOTATION_PARAMS),
        )
    ]
    return {
        "name": names.INFO_VOLUME,
        "projected": {"sources": [token, {"downwardAPI": {"items": info}}]},
    }


def _volume(volume: Volume) -> Manifest:
    name = f"user-{volume.name}"
    if volume.configMap is not None:
        return {"name": name, "configMap": {"name": volume.configMap, **_files(volume)}}
    if volume.secret is not None:
        return {"name": name, "secret": {"secretName": volume.secret, **_files(volume)}}
    if volume.persistentVolumeClaim is not None:
        claim = {"claimName": volume.persistentVolumeClaim, "readOnly": volume.readOnly}
        return {"name": name, "persistentVolumeClaim": claim}
    folder: Manifest = {"sizeLimit": volume.emptyDir}
    if volume.medium is not None:
        folder["medium"] = volume.medium
    return {"name": name, "emptyDir": folder}


def _files(volume: Volume) -> Manifest:
    """Which keys of a ConfigMap or Secret become files, and of which mode."""
    files: Manifest = {}
    if volume.items:
        files["items"] = [item.model_dump() for item in volume.items]
    if volume.defaultMode is not None:
        files["defaultMode"] = volume.defaultMode
    if volume.optional:
        files["optional"] = True
    return files


def _mount(volume: Volume) -> Manifest:
    of_keys = volume.configMap is not None or volume.secret is not None
    mount: Manifest = {
        "name": f"user-{volume.name}",
        "mountPath": volume.mountPath,
        "readOnly": volume.readOnly or of_keys,
    }
    if volume.subPath is not None:
        mount["subPath"] = volume.subPath
    return mount
