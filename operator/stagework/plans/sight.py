"""What can be seen of one stage when it is settled."""

from dataclasses import dataclass

from stagework.api.pipelinejob import Commit, StageStatus
from stagework.api.stages import Stage
from stagework.plans.copies import Copy
from stagework.plans.snapshot import Lookup, Question, Refused, Snapshot
from stagework.policies.mark import Mark


@dataclass(frozen=True)
class Sight:
    """One stage with its copy and all that proves what has become of it."""

    stage: Stage
    copy: Copy
    run_prefix: str
    """`<namespace>/<run uid>`: where the run's artifacts are."""
    node_ready: bool
    """True where its node is ready; for a copy without a known node: every node of its class."""
    answer: Lookup | None = None
    """What the artifact store has said of this attempt; None before it has."""
    last_answer: Lookup | None = None
    """What it said when it was asked again, before the attempt is given up as lost."""
    refused: Refused | None = None
    """Why the API server would not take the Job."""

    def commit(self, status: StageStatus, pod_uid: str, mark: Mark) -> Commit:
        """The operator names the winning prefix; what a mark says about places is never used."""
        return Commit(
            attempt=status.attempt,
            pod=pod_uid,
            digest=mark.digest,
            prefix=f"{self.run_prefix}/{status.name}/{status.attempt}-{pod_uid}",
            items=mark.items,
            failedItems=mark.failed_items,
        )


def sight_of(snapshot: Snapshot, stage: Stage, status: StageStatus, copy: Copy) -> Sight:
    """Gather what a snapshot shows of one stage."""
    meta = snapshot.run.metadata
    return Sight(
        stage=stage,
        copy=copy,
        run_prefix=f"{meta.namespace}/{meta.uid}",
        node_ready=_node_ready(snapshot, status),
        answer=snapshot.lookups.get(question(status)),
        last_answer=snapshot.lookups.get(question(status, last=True)),
        refused=snapshot.refusals.get((stage.name, status.attempt)),
    )


def question(status: StageStatus, *, last: bool = False) -> Question:
    """The question whether the current copy of a stage has left a result."""
    return Question(status.name, status.attempt, status.remakes, last=last)


def _node_ready(snapshot: Snapshot, status: StageStatus) -> bool:
    if status.node:
        node = snapshot.nodes.get(status.node)
        return node is not None and node.ready
    machine = snapshot.settings.fleet.find(status.machine)
    if machine is None:
        return False
    nodes = [each for each in snapshot.nodes.values() if each.carries(machine.nodeSelector)]
    return bool(nodes) and all(each.ready for each in nodes)
