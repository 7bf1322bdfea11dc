"""The container of a stage: its image and command, our restrictions, and what it is told."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from stagekit import contract
from stagework.api import names
from stagework.api.machines import MachineClass
from stagework.api.pipelinejob import PipelineJob
from stagework.api.pod_fields import EnvFrom
from stagework.api.quantity import bytes_of
from stagework.api.stages import EnvVar, Stage
from stagework.children.pod_defaults import PodDefaults
from stagework.children.sidecars import fence_probe
from stagework.children.stage_environment import (
    as_written,
    contract_env,
    files_env,
    service_env,
)
from stagework.children.stage_volumes import asks_service, has_sidecar, mounts

Manifest = dict[str, Any]

HOME: Final = "HOME"
"""Where programs keep their caches; the user of a stage has no folder in the image."""
_UNSAFE_DOLLAR: Final = re.compile(r"\$\$|\$(?=[^\x00-\x7f])")
"""What Kubernetes reads as an escaped `$`, and a `$` that it would tear a character apart after."""


@dataclass(frozen=True)
class StageContainer:
    """Everything that makes a stage's container what it is."""

    run: PipelineJob
    stage: Stage
    attempt: int
    machine: MachineClass
    params: Mapping[str, str]
    defaults: PodDefaults

    def manifest(self) -> Manifest:
        """The container as it stands in the Pod's spec."""
        stage = self.stage
        container: Manifest = {
            "name": names.STAGE_CONTAINER,
            "image": stage.image,
            "imagePullPolicy": stage.imagePullPolicy or self.defaults.image_pull_policy,
            "env": [*self._env(), *(_env(variable) for variable in stage.env)],
            "resources": self._resources(),
            "terminationMessagePolicy": "File",
            "terminationMessagePath": contract.TERMINATION_FILE,
            "volumeMounts": mounts(stage),
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
        }
        if has_sidecar(stage):
            container["livenessProbe"] = fence_probe()
        if stage.command:
            container["command"] = [_expanded(word) for word in stage.command]
            if has_sidecar(stage):
                # The image's own entry point may count on the image's own folder.
                container["workingDir"] = contract.WORK_DIR
        if stage.args:
            container["args"] = [_expanded(word) for word in stage.args]
        if stage.workingDir is not None:
            container["workingDir"] = stage.workingDir
        if stage.envFrom:
            # Kubernetes lets `env`, and with it all that is ours, win over these.
            container["envFrom"] = [_env_from(source) for source in stage.envFrom]
        return container

    def _env(self) -> list[Manifest]:
        stage, more = self.stage, dict[str, str]()
        if all(variable.name != HOME for variable in stage.env):
            more[HOME] = contract.WORK_DIR
        if asks_service(stage):
            more |= service_env(self.defaults)
        elif has_sidecar(stage):
            more |= files_env(self.run)
        return contract_env(self.run, stage, self.attempt, self.params, more)

    def _resources(self) -> Manifest:
        defaults, machine = self.defaults, self.machine
        wanted = self.stage.resources
        ours = {"cpu": defaults.cpu_request, "memory": self._memory_request()}
        asked = {name: quantity for name, quantity in ours.items() if quantity}
        requests = {**asked, **wanted.requests, **machine.resources}
        limits = {**wanted.limits, **machine.resources}
        for name in ("cpu", "memory"):
            if name in limits and name not in wanted.requests:
                requests[name] = limits[name]
        return {"requests": requests, **({"limits": limits} if limits else {})}

    def _memory_request(self) -> str:
        """Of a stage that names none: its folders in memory count, too."""
        own = self.defaults.memory_request
        in_memory = sum(volume.memory_bytes for volume in self.stage.volumes)
        return str(bytes_of(own) + in_memory) if in_memory else own


def _env(variable: EnvVar) -> Manifest:
    if variable.configMapKeyRef is not None:
        source = {"configMapKeyRef": variable.configMapKeyRef.model_dump()}
        return {"name": variable.name, "valueFrom": source}
    if variable.secretKeyRef is not None:
        source = {"secretKeyRef": variable.secretKeyRef.model_dump()}
        return {"name": variable.name, "valueFrom": source}
    return {"name": variable.name, "value": as_written(variable.value or "")}


def _env_from(source: EnvFrom) -> Manifest:
    kind = "configMapRef" if source.configMapRef is not None else "secretRef"
    named = source.configMapRef or source.secretRef
    reference = named.model_dump() if named is not None else {}
    return {kind: reference, **({"prefix": source.prefix} if source.prefix else {})}


def _expanded(word: str) -> str:
    """Kubernetes expands it by its rules, but does not break what follows a `$`.

    It takes one byte after a `$` for a character: of `$€` it would make no text at all.
    """
    return _UNSAFE_DOLLAR.sub("$$", word) if not word.isascii() else word
