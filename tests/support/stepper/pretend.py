"""Kubernetes as far as stages need it: Job controller, scheduler, kubelets, and real processes.

A process is not its Pod: removing the Pod's object by force leaves the process running, and a node
that is away freezes it. Overlaps are counted over processes, as an observer outside would.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from stagework.api import names
from stagework.api.observed import JobView, NodeView, PodView
from stagework.plans.pipelinejob.snapshot import FoundResult
from stagework.plans.plan import Create, Refusal, Ungate
from tests.support.builders import (
    deleting,
    ended_job,
    make_pod,
    mark,
    running,
    scheduled,
    terminated,
    ungated,
    waiting_for,
)
from tests.support.stepper.behaviour import WORKS, Behaviour, Script

_replace = msgspec.structs.replace
GRACE = timedelta(seconds=2)
"""Between the request to delete a running Pod and its process' end."""
HEARD = timedelta(seconds=35)
"""A kubelet ends the process of a Pod that is gone: it hears of it, then the grace period."""


class Outdated(Exception):  # noqa: N818 - as the applier says it
    """What was decided upon has changed meanwhile."""


@dataclass
class Process:
    """What really runs; knows nothing of the API server."""

    run_uid: str
    stage: str
    attempt: int
    node: str
    began: datetime
    behaviour: Behaviour
    ended: datetime | None = None
    missed: datetime | None = None
    """Since when its kubelet can see that its Pod is gone."""


def _nobody(_uid: str) -> None:
    """Before anybody wants to be told."""


@dataclass
class PretendCluster:
    """Objects by uid; `changed` is told the uid of every run that something happened to."""

    nodes: dict[str, NodeView]
    script: Script
    changed: Callable[[str], None] = _nobody
    jobs: dict[str, JobView] = field(default_factory=dict[str, JobView])
    pods: dict[str, PodView] = field(default_factory=dict[str, PodView])
    processes: dict[str, Process] = field(default_factory=dict[str, Process])
    results: dict[tuple[str, str, int], list[FoundResult]] = field(
        default_factory=dict[tuple[str, str, int], list[FoundResult]]
    )
    """By run uid, stage and attempt."""
    selectors: dict[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    inputs: dict[str, str] = field(default_factory=dict[str, str])
    manifests: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """By Job name, of every Job ever made."""
    ungated: dict[str, str] = field(default_factory=dict[str, str])
    """Pod uid to machine class, of every Pod whose gate was ever removed."""
    quota: int = 1000
    """Jobs that a namespace may have."""
    partitioned: set[str] = field(default_factory=set[str])
    """Nodes that the API server cannot reach, whose processes go on all the same."""
    unlabelled: set[str] = field(default_factory=set[str])
    """Pods whose label somebody took off: no watch shows them."""
    no_pods_for: set[str] = field(default_factory=set[str])
    """Stages whose Pods are refused by a quota: their Jobs stay empty."""
    count: int = 0

    # --- what the operator asks for -----------------------------------------------------------

    def children_of(self, run_uid: str) -> tuple[tuple[JobView, ...], tuple[PodView, ...]]:
        """Jobs that a run controls, and Pods that carry its label."""
        return (
            tuple(j for j in self.jobs.values() if j.metadata.controller_uid == run_uid),
            tuple(
                pod
                for uid, pod in self.pods.items()
                if _run_of(pod) == run_uid and uid not in self.unlabelled
            ),
        )

    def create(self, action: Create, now: datetime) -> str | Refusal:
        """Make a Job or adopt it, and answer its uid; or say why not."""
        meta = action.manifest["metadata"]
        known = self.manifests.setdefault(action.name, action.manifest)
        assert json.dumps(known) == json.dumps(action.manifest), f"{action.name} differs"
        there = next((j for j in self.jobs.values() if j.metadata.name == action.name), None)
        if there is not None:
            if there.metadata.deletion_timestamp is not None:
                raise Outdated(f"{action.name} is being deleted")
            return there.metadata.uid
        if len(self.jobs) >= self.quota:
            return Refusal("OverQuota", "exceeded quota: jobs")
        self.count += 1
        owner = meta["ownerReferences"][0]
        document = {
            "metadata": {
                "name": action.name,
                "namespace": meta["namespace"],
                "uid": f"job-{self.count}",
                "creationTimestamp": now,
                "labels": meta["labels"],
                "ownerReferences": [owner],
            }
        }
        job = msgspec.convert(document, JobView)
        self.jobs[job.metadata.uid] = job  # the answer to one's own write is no news
        return job.metadata.uid

    def ungate(self, action: Ungate) -> None:
        """Take a gate away; refused where the Pod is another one by now."""
        uid, name = action.pod.uid, action.pod.name
        pod = self.pods.get(uid)
        if pod is None or pod.metadata.resourceVersion != action.pod.resource_version:
            raise Outdated(f"{name} has changed")
        assert action.gate == names.SCHEDULING_GATE
        assert uid not in self.ungated, f"{name} is ungated twice"
        machine = self.ungated[uid] = action.labels[names.LABEL_MACHINE]
        self.selectors[uid] = action.node_selector
        self.inputs[uid] = action.annotations[names.ANNOTATION_INPUTS]
        self._keep_pod(ungated(pod, machine))

    def delete_pod(self, uid: str, now: datetime) -> None:
        """Ask for a Pod's end in the ordinary way."""
        pod = self.pods.get(uid)
        if pod is not None and pod.metadata.deletion_timestamp is None:
            self._put_pod(deleting(pod, now))

    def delete_job(self, uid: str, now: datetime) -> None:
        """Remove a Job at once; the garbage collector deletes its Pods."""
        job = self.jobs.pop(uid, None)
        if job is None:
            return
        self.changed(job.metadata.controller_uid)
        for pod in [p for p in self.pods.values() if p.metadata.controller_uid == uid]:
            self.delete_pod(pod.metadata.uid, now)

    def remove_pod(self, uid: str) -> None:
        """The object is gone, by force or with its Node; a process goes on."""
        pod = self.pods.pop(uid, None)
        if pod is not None:
            self.changed(_run_of(pod))

    # --- what Kubernetes does by itself ---------------------------------------------------------

    def tick(self, now: datetime) -> None:
        """One second passes: one step for every object."""
        for job in list(self.jobs.values()):
            self._job_controller(job, now)
        for pod in list(self.pods.values()):
            self._kubelet(pod, now)
        for uid, process in self.processes.items():
            self._process(uid, process, now)

    def _job_controller(self, job: JobView, now: datetime) -> None:
        uid, stage = job.metadata.uid, job.metadata.labels[names.LABEL_STAGE]
        own = [p for p in self.pods.values() if p.metadata.controller_uid == uid]
        if job.ended or job.metadata.creation_timestamp >= now:
            return
        if any(p.status.phase == "Succeeded" for p in own):
            self._put_job(ended_job(job, "Complete"))
        elif any(p.status.phase == "Failed" for p in own):
            self._put_job(ended_job(job))
        elif not own and uid in self.manifests:
            self._put_job(ended_job(job))  # its one Pod is gone
        elif not own and stage not in self.no_pods_for:
            self.manifests[uid] = {}
            self._put_pod(make_pod(job, uid=f"pod-of-{uid}", created=now))

    def _kubelet(self, pod: PodView, now: datetime) -> None:
        uid, node = pod.metadata.uid, self.nodes.get(pod.spec.node_name)
        process = self.processes.get(uid)
        if pod.spec.node_name and (node is None or not node.ready):
            return
        if pod.metadata.deletion_timestamp is not None:
            self._delete(pod, process, pod.metadata.deletion_timestamp, now)
        elif pod.held_by(names.SCHEDULING_GATE) or pod.finished:
            return
        elif not pod.spec.node_name:
            self._schedule(pod)
        elif process is None:
            self._start(pod, now)
        elif process.ended is not None:
            self._report(pod, process)

    def _schedule(self, pod: PodView) -> None:
        selector = dict(self.selectors[pod.metadata.uid])
        fits = [n for n in self.nodes.values() if n.ready and n.carries(selector)]
        if fits:
            self._put_pod(scheduled(pod, fits[0].metadata.name))

    def _start(self, pod: PodView, now: datetime) -> None:
        labels, uid = pod.metadata.labels, pod.metadata.uid
        stage, attempt = labels[names.LABEL_STAGE], int(labels[names.LABEL_ATTEMPT])
        behaviour = self.script.get((stage, attempt), WORKS)
        cause = behaviour.first_cause()
        node = pod.spec.node_name
        if cause:
            if pod.container("stage") is None:
                self._put_pod(waiting_for(pod, cause, "Back-off pulling image", node))
            return
        self.processes[uid] = Process(_run_of(pod), stage, attempt, node, now, behaviour)
        self._put_pod(running(pod, since=now))

    def _report(self, pod: PodView, process: Process) -> None:
        behaviour = process.behaviour
        skips = dict(behaviour.skips)
        message = mark(pod, behaviour.outcome, skips=skips) if behaviour.outcome else ""
        state = pod.container("stage")
        if state is not None and state.terminated is not None:
            return
        self._put_pod(
            terminated(
                pod,
                behaviour.exit_code,
                reason=behaviour.reason,
                message=message,
                started=process.began,
                finished=process.ended,
                phase="Running" if behaviour.sidecar else "",
            )
        )

    def _delete(
        self, pod: PodView, process: Process | None, since: datetime, now: datetime
    ) -> None:
        state = pod.container("stage")
        if process is None and pod.spec.node_name and pod.status.phase == "Pending":
            failed = _replace(pod.status, phase="Failed")  # its kubelet has started nothing
            self._put_pod(_replace(pod, status=failed))
        elif process is None or (state is not None and state.terminated is not None):
            self.remove_pod(pod.metadata.uid)
        elif process.ended is not None:
            self._report(pod, process)
        elif now >= since + GRACE:
            process.ended = now
            end = terminated(pod, 143, started=process.began, finished=now)
            self._put_pod(end)

    def _process(self, uid: str, process: Process, now: datetime) -> None:
        node, behaviour = self.nodes.get(process.node), process.behaviour
        asleep = node is not None and not node.ready and process.node not in self.partitioned
        if process.ended is not None or asleep:
            return
        lived = (now - process.began).total_seconds()
        if uid in self.pods:
            process.missed = None
        elif node is not None and node.ready:
            process.missed = process.missed or now
        if process.missed is not None and now >= process.missed + HEARD:
            process.ended = now  # its kubelet has heard of the removal
        elif lived >= behaviour.seconds:
            process.ended = now
            self._store(uid, process)
        elif behaviour.removed_after is not None and lived >= behaviour.removed_after:
            self.remove_pod(uid)
        elif behaviour.deleted_after is not None and lived >= behaviour.deleted_after:
            self.delete_pod(uid, now)

    def _store(self, uid: str, process: Process) -> None:
        if process.behaviour.outcome:
            key = (process.run_uid, process.stage, process.attempt)
            said = process.behaviour
            skips = dict(said.skips)
            result = FoundResult(pod=uid, digest="d" * 64, outcome=said.outcome, skips=skips)
            self.results.setdefault(key, []).append(result)

    def _put_job(self, job: JobView) -> None:
        self.jobs[job.metadata.uid] = job
        self.changed(job.metadata.controller_uid)

    def _put_pod(self, pod: PodView) -> None:
        self._keep_pod(pod)
        self.changed(_run_of(pod))

    def _keep_pod(self, pod: PodView) -> None:
        self.count += 1
        meta = _replace(pod.metadata, resourceVersion=str(self.count))
        self.pods[meta.uid] = _replace(pod, metadata=meta)


def _run_of(pod: PodView) -> str:
    return pod.metadata.labels[names.LABEL_RUN_UID]
