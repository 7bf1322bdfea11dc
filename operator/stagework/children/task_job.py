"""The Job of a built-in task: one Pod of the release's own image, under the task's own account.

It runs in the release's namespace alone. Its data comes as a file, by an annotation: nobody needs a
right to make ConfigMaps for it. Unlike a stage's Pod it has the token of its account for the API
server, and so no container but ours is ever in it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from stagekit.contract import ENV_SLOT_TIME
from stagework.api import names
from stagework.api.resources import JOBS
from stagework.api.tasks import (
    CONTAINER,
    MOUNTS,
    SETTINGS_CONFIG_MAP,
    BuiltIn,
    command_of,
    task_object_name,
)

Manifest = dict[str, Any]

_USER: Final = 10001
_KEEP_SECONDS: Final = 24 * 3600
_MODE: Final = 0o440


@dataclass(frozen=True)
class TaskDefaults:
    """Values of the settings that go into each task's Pod."""

    namespace: str
    """The release's own."""
    image: str
    image_pull_policy: str
    audience: str
    pull_secrets: tuple[str, ...] = ()
    alerts_secret: str = ""
    """Secret with the receivers' URLs; empty: nobody is told."""
    s3_secrets: Mapping[str, str] = field(default_factory=dict[str, str])
    """Task to the Secret with the keys of its bucket."""


@dataclass(frozen=True)
class TaskJob:
    """Everything that makes a task's Job what it is."""

    name: str
    """Deterministic, of the slot: the same slot never has two."""
    task: BuiltIn
    data: Mapping[str, Any]
    """As its own type has it."""
    defaults: TaskDefaults
    owner: Manifest | None = None
    """Reference to what it is made for; None: an administrator's own."""
    slot_time: str = ""
    """RFC 3339; empty: it is for no slot."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Beside its own."""

    def manifest(self) -> Manifest:
        """The Job as it is sent to the API server."""
        owners = {"ownerReferences": [self.owner]} if self.owner is not None else {}
        # What has an owner is removed by it, once it knows how it has ended.
        kept = {"ttlSecondsAfterFinished": _KEEP_SECONDS} if self.owner is None else {}
        annotations = {names.ANNOTATION_JOB_DATA: json.dumps(self.data, ensure_ascii=False)}
        return {
            "apiVersion": JOBS.api_version,
            "kind": JOBS.kind,
            "metadata": {
                "name": self.name,
                "namespace": self.defaults.namespace,
                "labels": {**self.labels, **self._labels()},
                **owners,
            },
            "spec": {
                # It is tried again at its next slot: what it does is safe to do again, but later.
                "backoffLimit": 0,
                "completions": 1,
                "parallelism": 1,
                "podReplacementPolicy": "Failed",
                "activeDeadlineSeconds": self.task.timeout_seconds,
                **kept,
                "template": {
                    "metadata": {"labels": self._labels(), "annotations": annotations},
                    "spec": self._pod_spec(),
                },
            },
        }

    def _labels(self) -> dict[str, str]:
        return {
            "app.kubernetes.io/name": "stagework",
            "app.kubernetes.io/component": "task",
            "app.kubernetes.io/managed-by": "stagework",
            names.LABEL_TASK: self.task.name,
        }

    def _pod_spec(self) -> Manifest:
        volumes, mounts = self._volumes()
        secrets = [{"name": name} for name in self.defaults.pull_secrets]
        return {
            "restartPolicy": "Never",
            "serviceAccountName": task_object_name(self.task.name),
            "automountServiceAccountToken": True,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 30,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": _USER,
                "runAsGroup": _USER,
                "fsGroup": _USER,
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [self._container(mounts)],
            "volumes": volumes,
            **({"imagePullSecrets": secrets} if secrets else {}),
        }

    def _container(self, mounts: list[Manifest]) -> Manifest:
        slot = [{"name": ENV_SLOT_TIME, "value": self.slot_time}] if self.slot_time else []
        return {
            "name": CONTAINER,
            "image": self.defaults.image,
            "imagePullPolicy": self.defaults.image_pull_policy,
            "command": list(command_of(self.task.name)),
            "env": slot,
            "resources": {
                "requests": {"cpu": "50m", "memory": "128Mi"},
                "limits": {"cpu": "1", "memory": "512Mi"},
            },
            "terminationMessagePolicy": "FallbackToLogsOnError",
            "securityContext": {
                "runAsNonRoot": True,
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "volumeMounts": mounts,
        }

    def _volumes(self) -> tuple[list[Manifest], list[Manifest]]:
        """Volumes and where they are mounted, all but `/tmp` read-only."""
        token = {"path": "token", "audience": self.defaults.audience, "expirationSeconds": 3600}
        annotation = f"metadata.annotations['{names.ANNOTATION_JOB_DATA}']"
        data = {"path": "job-data", "fieldRef": {"fieldPath": annotation}}
        sources: dict[str, Manifest] = {
            "settings": {"configMap": {"name": SETTINGS_CONFIG_MAP}},
            "token": {"projected": {"sources": [{"serviceAccountToken": token}]}},
            "job-data": {"downwardAPI": {"items": [data]}},
            **self._secrets(),
        }
        mounts = [{"name": name, "mountPath": MOUNTS[name], "readOnly": True} for name in sources]
        volumes = [{"name": name, **source} for name, source in sources.items()]
        volumes.append({"name": "tmp", "emptyDir": {"sizeLimit": "2Gi"}})
        return volumes, [*mounts, {"name": "tmp", "mountPath": MOUNTS["tmp"]}]

    def _secrets(self) -> dict[str, Manifest]:
        """A Secret that is not there yet keeps no task from its work but the one that needs it."""
        found: dict[str, Manifest] = {}
        alerts, bucket = self.defaults.alerts_secret, self.defaults.s3_secrets.get(self.task.name)
        if alerts:
            source = {"secretName": alerts, "defaultMode": _MODE, "optional": True}
            found["alerts"] = {"secret": source}
        if bucket:
            source = {"secretName": bucket, "defaultMode": _MODE}
            found["s3"] = {"secret": source}
        return found
