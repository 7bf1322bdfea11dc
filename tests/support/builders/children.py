"""Jobs and Pods as the operator sees them, from held to gone."""

import json
from datetime import datetime
from typing import Any

import msgspec

from stagework.api.kinds import PIPELINEJOB
from stagework.api.observed import (
    ContainerState,
    ContainerStatus,
    JobStatus,
    JobView,
    ObjectCondition,
    ObjectMeta,
    OwnerReference,
    PodSpec,
    PodStatus,
    PodView,
    Running,
    SchedulingGate,
    Terminated,
    WaitingState,
)
from stagework.api.resources import JOBS, ObjectRef
from stagework.children.names import stage_job_name
from tests.support.builders.runs import NAMESPACE, RUN_NAME, RUN_UID, T0, after

GATE = "stagework.dev/turn"
_replace = msgspec.structs.replace


def make_job(
    stage: str = "img_gen",
    attempt: int = 1,
    *,
    machine: str = "gpu",
    uid: str = "",
    run_uid: str = RUN_UID,
    recreation: int = 0,
    created: datetime = T0,
    deleted: datetime | None = None,
) -> JobView:
    """A Job of a stage that has made no Pod yet, under the name that we give it."""
    uid = uid or f"job-{stage}-{attempt}"
    name = stage_job_name(
        RUN_NAME, run_uid, stage=stage, attempt=attempt, machine=machine, recreations=recreation
    )
    labels = {
        "stagework.dev/run-uid": run_uid,
        "stagework.dev/stage": stage,
        "stagework.dev/attempt": str(attempt),
        "stagework.dev/machine": machine,
    }
    return JobView(
        ObjectMeta(
            name=name,
            namespace=NAMESPACE,
            uid=uid,
            resourceVersion="1",
            creation_timestamp=created,
            deletion_timestamp=deleted,
            labels=labels,
            owner_references=(owner_of(PIPELINEJOB.ref(NAMESPACE, RUN_NAME, run_uid)),),
        )
    )


def owner_of(owner: ObjectRef) -> OwnerReference:
    """The reference by which an object names its controller."""
    return OwnerReference(
        uid=owner.uid,
        controller=True,
        kind=owner.resource.kind,
        name=owner.name,
        api_version=owner.resource.api_version,
    )


def job_ref(job: JobView) -> ObjectRef:
    """That very Job."""
    meta = job.metadata
    return ObjectRef(JOBS, meta.namespace, meta.name, meta.uid)


def ended_job(job: JobView, kind: str = "Failed") -> JobView:
    """The Job controller has given it up, or completed it (`Complete`)."""
    return _replace(job, status=JobStatus((ObjectCondition(kind, "True"),)))


def make_pod(job: JobView, *, uid: str = "", created: datetime = T0) -> PodView:
    """The Pod of a Job, held by our gate."""
    labels = {k: v for k, v in job.metadata.labels.items() if k != "stagework.dev/machine"}
    uid = uid or f"pod-of-{job.metadata.uid}"
    return PodView(
        ObjectMeta(
            name=uid,
            namespace=job.metadata.namespace,
            uid=uid,
            resourceVersion="1",
            creation_timestamp=created,
            labels=labels,
            owner_references=(owner_of(job_ref(job)),),
        ),
        PodSpec(scheduling_gates=(SchedulingGate(GATE),)),
        PodStatus(phase="Pending"),
    )


def ungated(pod: PodView, machine: str = "gpu") -> PodView:
    """Our gate is gone."""
    labels = {**pod.metadata.labels, "stagework.dev/machine": machine}
    gates = tuple(g for g in pod.spec.scheduling_gates if g.name != GATE)
    meta = _replace(pod.metadata, labels=labels, resourceVersion="2")
    return _replace(pod, metadata=meta, spec=_replace(pod.spec, scheduling_gates=gates))


def held_by_others(pod: PodView, gate: str = "example.org/quota") -> PodView:
    """Somebody else's gate is on it too."""
    gates = (*pod.spec.scheduling_gates, SchedulingGate(gate))
    return _replace(pod, spec=_replace(pod.spec, scheduling_gates=gates))


def unscheduled(
    pod: PodView, message: str = "0/3 nodes are available", reason: str = "Unschedulable"
) -> PodView:
    """The scheduler has found no node."""
    return _with_condition(ungated(pod), condition("PodScheduled", "False", reason, message))


def scheduled(pod: PodView, node: str = "gpu-0") -> PodView:
    """It has a node; its container is being made."""
    gone = ungated(pod) if pod.held_by(GATE) else pod
    return _replace(gone, spec=_replace(gone.spec, node_name=node))


def waiting_for(pod: PodView, reason: str, message: str = "", node: str = "gpu-0") -> PodView:
    """Its container cannot start yet."""
    placed = scheduled(pod, node)
    return _with_state(placed, ContainerState(waiting=WaitingState(reason, message)), "Pending")


def running(pod: PodView, since: datetime | None = T0, node: str = "gpu-0") -> PodView:
    """Its container runs."""
    placed = scheduled(pod, pod.spec.node_name or node)
    return _with_state(placed, ContainerState(running=Running(since)), "Running")


def terminated(
    pod: PodView,
    exit_code: int = 0,
    *,
    reason: str = "",
    message: str = "",
    started: datetime | None = None,
    finished: datetime | None = None,
    phase: str = "",
    pod_reason: str = "",
    pod_message: str = "",
    node: str = "gpu-0",
) -> PodView:
    """Its container has ended; `message` is the termination message."""
    report = Terminated(
        exit_code=exit_code,
        reason=reason or ("Completed" if exit_code == 0 else "Error"),
        message=message,
        started_at=started or T0,
        finished_at=finished or after(5),
    )
    placed = scheduled(pod, pod.spec.node_name or node)
    phase = phase or ("Succeeded" if exit_code == 0 else "Failed")
    ended = _with_state(placed, ContainerState(terminated=report), phase)
    return _replace(ended, status=_replace(ended.status, reason=pod_reason, message=pod_message))


def deleting(pod: PodView, since: datetime = T0) -> PodView:
    """Somebody asked for its deletion."""
    meta = _replace(pod.metadata, deletion_timestamp=since)
    return _replace(pod, metadata=meta)


def condition(
    kind: str, status: str = "True", reason: str = "", message: str = ""
) -> ObjectCondition:
    """A condition."""
    return ObjectCondition(kind, status, reason, message)


def disrupted(pod: PodView, reason: str, message: str = "") -> PodView:
    """The condition DisruptionTarget is on it."""
    return _with_condition(pod, condition("DisruptionTarget", "True", reason, message))


def mark(pod: PodView, outcome: str = "Succeeded", /, *, without: str = "", **changes: Any) -> str:
    """A valid completion mark of that Pod as it stands in the termination message."""
    labels = pod.metadata.labels
    document: dict[str, Any] = {
        "v": 1,
        "stage": labels["stagework.dev/stage"],
        "attempt": int(labels["stagework.dev/attempt"]),
        "pod": pod.metadata.uid,
        "outcome": outcome,
        "digest": "d" * 64,
        **changes,
    }
    document.pop(without, None)
    return json.dumps(document, ensure_ascii=False)


def _with_state(pod: PodView, state: ContainerState, phase: str) -> PodView:
    containers = (ContainerStatus("stage", state),)
    return _replace(pod, status=_replace(pod.status, container_statuses=containers, phase=phase))


def _with_condition(pod: PodView, added: ObjectCondition) -> PodView:
    others = tuple(c for c in pod.status.conditions if c.type != added.type)
    return _replace(pod, status=_replace(pod.status, conditions=(*others, added)))
