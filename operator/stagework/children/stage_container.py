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
from stagework.children.stage_volumes import asks_service, mounts

Manifest = dict[str, Any]

HOME: Final = "HOME"
"""Where programs keep their caches; the user of a stage has no folder in the image."""
_ANNOTATED: Final = (
    (contract.ENV_OUTCOME_SO_FAR, names.ANNOTATION_OUTCOME),
    (contract.ENV_OUTCOMES, names.ANNOTATION_OUTCOMES),
)
"""Variables that a Pod's annotations give, as they are when its container starts."""
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
        if stage.command:
            container["command"] = [_expanded(word) for word in stage.command]
        if stage.args:
            container["args"] = [_expanded(word) for word in stage.args]
        if stage.workingDir is not None:
            container["workingDir"] = stage.workingDir
        if stage.envFrom:
            # Kubernetes lets `env`, and with it all that is ours, win over these.
            container["envFrom"] = [_env_from(source) for source in stage.envFrom]
        return container

    def _env(self) -> list[Manifest]:
        meta = self.run.metadata
        literal = {
            contract.ENV_RUN: meta.name,
            contract.ENV_RUN_UID: meta.uid,
            contract.ENV_NAMESPACE: meta.namespace,
            contract.ENV_STAGE: self.stage.name,
            contract.ENV_ATTEMPT: str(self.attempt),
            contract.ENV_TIMEOUT_SECONDS: str(self.stage.timeoutSeconds),
            contract.ENV_WORK_DIR: contract.WORK_DIR,
            contract.ENV_TERMINATION_FILE: contract.TERMINATION_FILE,
        }
        if all(variable.name != HOME for variable in self.stage.env):
            literal[HOME] = contract.WORK_DIR
        if asks_service(self.stage):
            literal[contract.ENV_API_URL] = self.defaults.api_url
            for variable, name in (
                (contract.ENV_TOKEN_FILE, contract.TOKEN_FILE_NAME),
                (contract.ENV_INPUTS_FILE, contract.INPUTS_FILE_NAME),
                (contract.ENV_PARAMS_FILE, contract.PARAMS_FILE_NAME),
            ):
                literal[variable] = f"{contract.INFO_DIR}/{name}"
        if self.run.spec.input is not None:
            literal[contract.ENV_INPUT_URI] = self.run.spec.input.uri
        for name, value in self.params.items():
            literal[contract.param_variable(name)] = value
        return [
            *({"name": name, "value": _literal(value)} for name, value in literal.items()),
            _field(contract.ENV_POD_NAME, "metadata.name"),
            _field(contract.ENV_POD_UID, "metadata.uid"),
            # They are written when the gate is removed: a container starts after that.
            *(_field(name, f"metadata.annotations['{key}']") for name, key in _ANNOTATED),
        ]

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


def _field(name: str, path: str) -> Manifest:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def _env(variable: EnvVar) -> Manifest:
    if variable.configMapKeyRef is not None:
        source = {"configMapKeyRef": variable.configMapKeyRef.model_dump()}
        return {"name": variable.name, "valueFrom": source}
    if variable.secretKeyRef is not None:
        source = {"secretKeyRef": variable.secretKeyRef.model_dump()}
        return {"name": variable.name, "valueFrom": source}
    return {"name": variable.name, "value": _literal(variable.value or "")}


def _env_from(source: EnvFrom) -> Manifest:
    kind = "configMapRef" if source.configMapRef is not None else "secretRef"
    named = source.configMapRef or source.secretRef
    reference = named.model_dump() if named is not None else {}
    return {kind: reference, **({"prefix": source.prefix} if source.prefix else {})}


def _literal(value: str) -> str:
    """Arrives as it was written: Kubernetes would expand `$(X)` and `$$` in it."""
    return value.replace("$", "$$")


def _expanded(word: str) -> str:
    """Kubernetes expands it by its rules, but does not break what follows a `$`.

    It takes one byte after a `$` for a character: of `$€` it would make no text at all.
    """
    return _UNSAFE_DOLLAR.sub("$$", word) if not word.isascii() else word
