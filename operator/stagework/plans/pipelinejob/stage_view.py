"""What can be seen of one stage when it is judged."""

from dataclasses import dataclass
from datetime import datetime

from stagework.api.observed import NodeView
from stagework.api.stage_status import Commit, StageStatus
from stagework.api.stages import Stage
from stagework.plans.pipelinejob.children import AttemptObjects
from stagework.plans.pipelinejob.refused_stages import creation_refused
from stagework.plans.pipelinejob.snapshot import (
    Lookup,
    PodQuestion,
    PodRead,
    ResultQuestion,
    Snapshot,
)
from stagework.plans.plan import Refusal
from stagework.policies.mark import Mark
from stagework.policies.named_skips import SkipsBelow, skips_below
from stagework.policies.outcome import EndRules
from stagework.policies.sidecar import is_without_sidecar
from stagework.policies.stage_order import descendants

NO_SKIPS = SkipsBelow({}, "")
"""It has named none."""


@dataclass(frozen=True, slots=True)
class StageView:
    """One stage with its attempt's objects and all that proves what has become of it."""

    snapshot: Snapshot
    stage: Stage
    status: StageStatus
    """As it was before it is judged."""
    objects: AttemptObjects

    @property
    def node_ready(self) -> bool:
        """True where its node is ready; for an attempt without a known node: all of its class.

        A cordoned node is: its kubelet ends processes as ever.
        """
        own = self._nodes()
        return bool(own) and all(node.ready for node in own)

    @property
    def node_name(self) -> str:
        """Where its Pod is, or was; empty: not known."""
        pod = self.objects.pod
        return (pod.spec.node_name if pod is not None else "") or self.status.node

    def missed_since(self, now: datetime) -> datetime:
        """From when a missed Pod's process has had the time to be ended.

        Since it is missed; but only while this process looks, and its node is ready without a
        break: in between its kubelet may have heard of nothing.
        """
        ready = self.snapshot.ready_since
        breaks = (ready[n.metadata.name] for n in self._nodes() if n.metadata.name in ready)
        return max(self.status.lostTime or now, self.snapshot.looking_since, *breaks)

    def _nodes(self) -> list[NodeView]:
        nodes = self.snapshot.nodes
        if self.node_name:
            node = nodes.get(self.node_name)
            return [] if node is None else [node]
        machine = self.snapshot.settings.fleet.find(self.status.machine)
        if machine is None:
            return []
        return [node for node in nodes.values() if node.carries(machine.nodeSelector)]

    @property
    def read(self) -> PodRead | None:
        """What the API server has said of the recorded Pod, where it was asked."""
        return self.snapshot.reads.get(pod_question(self.status))

    @property
    def count_read(self) -> PodRead | None:
        """Likewise, once its Job was counted as done."""
        return self.snapshot.reads.get(count_question(self.status))

    @property
    def end_rules(self) -> EndRules:
        """What its container was made with, as far as its end is judged by it."""
        machine = self.snapshot.settings.fleet.find(self.status.machine)
        of_class = machine.resources.get("memory") if machine is not None else None
        limit = of_class or self.stage.resources.limits.get("memory") or ""
        codes, pod = self.stage.retryOnExitCodes, self.objects.pod
        files = self.stage.contract == "Files" and not (pod is not None and is_without_sidecar(pod))
        return EndRules(
            self.stage.contract == "ExitCode",
            str(limit),
            None if codes is None else tuple(codes),
            files,
        )

    def question(self, *, last: bool = False) -> ResultQuestion:
        """The question whether the current attempt has left a result."""
        status, job = self.status, self.objects.job
        of = status.pod or (job.metadata.uid if job is not None else "")
        return ResultQuestion(status.name, status.attempt, of, last=last)

    @property
    def answer(self) -> Lookup | None:
        """What the artifact store has said of this attempt; None before it has."""
        return self.snapshot.lookups.get(self.question())

    @property
    def last_answer(self) -> Lookup | None:
        """What it said when it was asked again, before the attempt is given up as lost."""
        return self.snapshot.lookups.get(self.question(last=True))

    @property
    def refusal(self) -> Refusal | None:
        """Why the API server would not take the Job."""
        return creation_refused(self.snapshot, self.status)

    def named_skips(self, mark: Mark) -> SkipsBelow:
        """The stages that its mark says are not needed, as far as they are below it."""
        resolved, name = self.snapshot.resolved, self.stage.name
        if not mark.skips or resolved is None:
            return NO_SKIPS
        return skips_below(name, mark.skips, descendants([name], resolved.dependencies))

    def commit(self, pod_uid: str, mark: Mark) -> Commit:
        """What a mark says about places is never used: they are told by the Pod."""
        return Commit(
            attempt=self.status.attempt,
            pod=pod_uid,
            digest=mark.digest,
            items=mark.items,
            failedItems=mark.failed_items,
            skips=self.named_skips(mark).skips,
        )


def pod_question(status: StageStatus) -> PodQuestion:
    """The question whether a stage's recorded Pod is there though our watch does not show it."""
    return PodQuestion(status.pod, status.node)


def count_question(status: StageStatus) -> PodQuestion:
    """The question whether it is the recorded Pod that its Job has counted."""
    return PodQuestion(status.pod, counted_by=status.jobUid)


def name_taken(job: str) -> str:
    """A sentence for people."""
    return f"Job {job} exists and was not made by the operator: another name is taken"
