"""The manifest of a stage's Job: one Pod, held by our gate, restricted, with the stage's contract.

Nothing in it depends on how the run has gone so far: it may be made before the stage's turn. What
does depend (machine class, winning inputs) is written to the Pod when its gate is lifted.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from stagekit import contract
from stagework.api import names
from stagework.api.machines import Fleet, MachineClass
from stagework.api.pipelinejob import PipelineJob
from stagework.api.stages import EnvVar, Stage, Volume
from stagework.children.names import label_value, stage_job_name

Manifest = dict[str, Any]

DEADLINE_SLACK_SECONDS = 600
"""Added to the Pod's own deadline, which is only a backstop behind the operator's clocks."""


@dataclass(frozen=True)
class PodDefaults:
    """What the settings give to every stage Pod."""

    api_url: str
    audience: str
    run_as_user: int
    cpu_request: str
    memory_request: str
    work_size_limit: str
    image_pull_policy: str
    termination_grace_period_seconds: int


@dataclass(frozen=True)
class StageJob:
    """Everything that makes a stage's Job what it is."""

    run: PipelineJob
    stage: Stage
    attempt: int
    remakes: int
    machine: MachineClass
    params: Mapping[str, str]
    fleet: Fleet
    defaults: PodDefaults

    @cached_property
    def name(self) -> str:
        """Deterministic name."""
        meta = self.run.metadata
        return stage_job_name(
            meta.name,
            meta.uid,
            stage=self.stage.name,
            attempt=self.attempt,
            machine=self.machine.key,
            remakes=self.remakes,
        )

    def manifest(self) -> Manifest:
        """The Job as it is sent to the API server."""
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {
                "name": self.name,
                "namespace": self.run.metadata.namespace,
                "labels": {**self._labels(), names.LABEL_MACHINE: self.machine.key},
                "ownerReferences": [_owner(self.run)],
            },
            "spec": {
                "backoffLimit": 0,
                "completions": 1,
                "parallelism": 1,
                "podReplacementPolicy": "Failed",
                "template": {
                    "metadata": self._pod_metadata(),
                    "spec": self._pod_spec(),
                },
            },
        }

    @property
    def _knows_us(self) -> bool:
        """Whether anything in the stage may ask the API service, and so needs a token for it.

        `ExitCode` is for any program: it is given none, and its params as environment alone.
        """
        return self.stage.contract == "Mark"

    def _pod_metadata(self) -> Manifest:
        if not self._knows_us:
            return {"labels": self._labels()}
        params = json.dumps(dict(self.params), ensure_ascii=False)
        return {"labels": self._labels(), "annotations": {names.ANNOTATION_PARAMS: params}}

    def _labels(self) -> dict[str, str]:
        run = self.run
        labels = {
            "app.kubernetes.io/name": "stagework-stage",
            "app.kubernetes.io/managed-by": "stagework",
            names.LABEL_RUN: label_value(run.metadata.name),
            names.LABEL_RUN_UID: run.metadata.uid,
            names.LABEL_STAGE: self.stage.name,
            names.LABEL_ATTEMPT: str(self.attempt),
            names.LABEL_TITLE: label_value(run.spec.title),
            names.LABEL_SUBJECT: label_value(run.spec.subject),
            names.LABEL_TENANT: label_value(run.spec.tenant),
        }
        return {key: value for key, value in labels.items() if value}

    def _pod_spec(self) -> Manifest:
        stage, defaults = self.stage, self.defaults
        user = stage.runAsUser or defaults.run_as_user
        spec: Manifest = {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": defaults.termination_grace_period_seconds,
            "schedulingGates": [{"name": names.SCHEDULING_GATE}],
            "tolerations": self._tolerations(),
            "containers": [self._container()],
            "volumes": [*self._own_volumes(), *(_volume(each) for each in stage.volumes)],
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": user,
                "runAsGroup": user,
                "fsGroup": user,
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        }
        if not self._may_be_away():
            # The backstop's clock does not stand still while a machine sleeps.
            spec["activeDeadlineSeconds"] = (
                stage.timeoutSeconds + stage.startDeadlineSeconds + DEADLINE_SLACK_SECONDS
            )
        return spec

    def _classes(self) -> list[MachineClass]:
        keys = self.fleet.classes_of(self.stage.name, tuple(self.stage.runsOn))
        found = [each for each in self.fleet.machineClasses if each.key in keys]
        return found if self.machine in found else [*found, self.machine]

    def _may_be_away(self) -> bool:
        return any(each.mayBeAway for each in self._classes())

    def _tolerations(self) -> list[Manifest]:
        """Of every class it may run on (the selector decides), and of a node that is away."""
        away = [
            {"key": f"node.kubernetes.io/{state}", "operator": "Exists", "effect": "NoExecute"}
            for state in ("not-ready", "unreachable")
        ]
        own = {each for machine in self._classes() for each in machine.tolerations}
        ordered = sorted(own, key=lambda each: (each.key, each.effect, each.value, each.operator))
        return [*away, *(each.model_dump(exclude_defaults=True) for each in ordered)]

    def _container(self) -> Manifest:
        stage = self.stage
        container: Manifest = {
            "name": names.STAGE_CONTAINER,
            "image": stage.image,
            "imagePullPolicy": self.defaults.image_pull_policy,
            "env": [*self._env(), *(_env(each) for each in stage.env)],
            "resources": self._resources(),
            "terminationMessagePolicy": "File",
            "terminationMessagePath": contract.TERMINATION_FILE,
            "volumeMounts": [
                *self._own_mounts(),
                *(_mount(each) for each in stage.volumes),
            ],
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
        }
        if stage.command:
            container["command"] = stage.command
        if stage.args:
            container["args"] = stage.args
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
        if self._knows_us:
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
            literal[f"{contract.ENV_PARAM_PREFIX}{name.upper()}"] = value
        return [
            # Values are escaped: what a person wrote must not be expanded by Kubernetes.
            *({"name": k, "value": v.replace("$", "$$")} for k, v in literal.items()),
            _field(contract.ENV_POD_NAME, "metadata.name"),
            _field(contract.ENV_POD_UID, "metadata.uid"),
        ]

    def _own_volumes(self) -> list[Manifest]:
        limit = self.defaults.work_size_limit
        return [
            {"name": "stagework-work", "emptyDir": {"sizeLimit": limit}},
            {"name": "stagework-tmp", "emptyDir": {"sizeLimit": limit}},
            *([_info_volume(self.defaults)] if self._knows_us else []),
        ]

    def _own_mounts(self) -> list[Manifest]:
        info = {"name": "stagework-info", "mountPath": contract.INFO_DIR, "readOnly": True}
        return [
            {"name": "stagework-work", "mountPath": contract.WORK_DIR},
            {"name": "stagework-tmp", "mountPath": "/tmp"},  # noqa: S108 - a private emptyDir
            *([info] if self._knows_us else []),
        ]

    def _resources(self) -> Manifest:
        defaults, machine = self.defaults, self.machine
        wanted = self.stage.resources
        requests = {
            "cpu": defaults.cpu_request,
            "memory": defaults.memory_request,
            **wanted.requests,
            **machine.resources,
        }
        limits = {**wanted.limits, **machine.resources}
        for name in ("cpu", "memory"):
            if name in limits and name not in wanted.requests:
                requests[name] = limits[name]
        return {"requests": requests, **({"limits": limits} if limits else {})}


def _owner(run: PipelineJob) -> Manifest:
    return {
        "apiVersion": names.API_VERSION,
        "kind": "PipelineJob",
        "name": run.metadata.name,
        "uid": run.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _field(name: str, path: str) -> Manifest:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def _env(variable: EnvVar) -> Manifest:
    if variable.configMapKeyRef is not None:
        source = {"configMapKeyRef": variable.configMapKeyRef.model_dump()}
        return {"name": variable.name, "valueFrom": source}
    if variable.secretKeyRef is not None:
        source = {"secretKeyRef": variable.secretKeyRef.model_dump()}
        return {"name": variable.name, "valueFrom": source}
    return {"name": variable.name, "value": variable.value or ""}


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
        "name": "stagework-info",
        "projected": {"sources": [token, {"downwardAPI": {"items": info}}]},
    }


def _volume(volume: Volume) -> Manifest:
    name = f"user-{volume.name}"
    if volume.configMap is not None:
        return {"name": name, "configMap": {"name": volume.configMap}}
    if volume.persistentVolumeClaim is not None:
        claim = {"claimName": volume.persistentVolumeClaim, "readOnly": volume.readOnly}
        return {"name": name, "persistentVolumeClaim": claim}
    return {"name": name, "emptyDir": {"sizeLimit": volume.emptyDir}}


def _mount(volume: Volume) -> Manifest:
    read_only = volume.readOnly or volume.configMap is not None
    return {"name": f"user-{volume.name}", "mountPath": volume.mountPath, "readOnly": read_only}
