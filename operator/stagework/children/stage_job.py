"""The manifest of a stage's Job: one Pod, held by our gate, restricted, with the stage's contract.

Nothing in it depends on how the run has gone so far: it may be made before the stage's turn. What
does depend (machine class, winning inputs) is written to the Pod when its gate is removed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from stagework.api import names
from stagework.api.kinds import PIPELINEJOB
from stagework.api.machines import Fleet, MachineClass
from stagework.api.pipelinejob import PipelineJob
from stagework.api.resources import JOBS
from stagework.api.stages import Stage
from stagework.children.names import label_value, stage_job_name
from stagework.children.owner import controlled_by
from stagework.children.pod_defaults import PodDefaults
from stagework.children.sidecars import sidecar_containers
from stagework.children.stage_container import StageContainer
from stagework.children.stage_volumes import asks_service, has_sidecar, volumes

Manifest = dict[str, Any]

DEADLINE_SLACK_SECONDS = 600
"""Added to the Pod's own deadline, which is only a backstop behind the operator's clocks."""


@dataclass(frozen=True)
class StageJob:
    """Everything that makes a stage's Job what it is."""

    run: PipelineJob
    stage: Stage
    attempt: int
    recreations: int
    machine: MachineClass
    params: Mapping[str, str]
    fleet: Fleet
    defaults: PodDefaults
    pull_secrets: tuple[str, ...] = ()
    """Of the run's own Pipeline or stages; the settings add theirs."""

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
            recreations=self.recreations,
        )

    def manifest(self) -> Manifest:
        """The Job as it is sent to the API server."""
        return {
            "apiVersion": JOBS.api_version,
            "kind": JOBS.kind,
            "metadata": {
                "name": self.name,
                "namespace": self.run.metadata.namespace,
                "labels": {**self._labels(), names.LABEL_MACHINE: self.machine.key},
                "ownerReferences": [controlled_by(PIPELINEJOB, self.run.metadata)],
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

    def _pod_metadata(self) -> Manifest:
        """What the stage names first, so that nothing of ours can be replaced by it."""
        annotations = dict(self.stage.annotations)
        if asks_service(self.stage) or has_sidecar(self.stage):
            params = json.dumps(dict(self.params), ensure_ascii=False)
            annotations[names.ANNOTATION_PARAMS] = params
        labels = {**self.stage.labels, **self._labels()}
        return {"labels": labels, **({"annotations": annotations} if annotations else {})}

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
            "terminationGracePeriodSeconds": self._grace_seconds(),
            "schedulingGates": [{"name": names.SCHEDULING_GATE}],
            "tolerations": self._tolerations(),
            "containers": [self._container().manifest()],
            "volumes": volumes(stage, defaults),
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": user,
                "runAsGroup": user,
                "fsGroup": user,
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        }
        if has_sidecar(stage):
            spec["initContainers"] = sidecar_containers(self.run, stage, self.attempt, defaults)
        secrets = dict.fromkeys((*defaults.pull_secrets, *self.pull_secrets))
        if secrets:
            spec["imagePullSecrets"] = [{"name": name} for name in secrets]
        if self.machine.runtimeClassName:
            spec["runtimeClassName"] = self.machine.runtimeClassName
        if self.machine.priorityClassName:
            spec["priorityClassName"] = self.machine.priorityClassName
        if not self._may_be_away():
            # The backstop's clock does not stand still while a machine sleeps.
            slack = DEADLINE_SLACK_SECONDS
            if has_sidecar(stage):
                slack += defaults.files.grace_seconds
            deadline = stage.timeoutSeconds + stage.startDeadlineSeconds + slack
            spec["activeDeadlineSeconds"] = deadline
        return spec

    def _grace_seconds(self) -> int:
        """What stores the outputs is told to stop as soon as the stage has ended, and has this."""
        defaults = self.defaults
        own = defaults.termination_grace_period_seconds
        return max(own, defaults.files.grace_seconds) if has_sidecar(self.stage) else own

    def _classes(self) -> list[MachineClass]:
        keys = self.fleet.classes_of(self.stage.name, tuple(self.stage.runsOn))
        classes = [machine for machine in self.fleet.machineClasses if machine.key in keys]
        return classes if self.machine in classes else [*classes, self.machine]

    def _may_be_away(self) -> bool:
        return any(machine.mayBeAway for machine in self._classes())

    def _tolerations(self) -> list[Manifest]:
        """Of every class it may run on (the selector decides), and of a node that is away."""
        away = [
            {"key": f"node.kubernetes.io/{state}", "operator": "Exists", "effect": "NoExecute"}
            for state in ("not-ready", "unreachable")
        ]
        own = {toleration for machine in self._classes() for toleration in machine.tolerations}
        ordered = sorted(own, key=lambda t: (t.key, t.effect, t.value, t.operator))
        return [*away, *(toleration.model_dump(exclude_defaults=True) for toleration in ordered)]

    def _container(self) -> StageContainer:
        return StageContainer(
            run=self.run,
            stage=self.stage,
            attempt=self.attempt,
            machine=self.machine,
            params=self.params,
            defaults=self.defaults,
        )
