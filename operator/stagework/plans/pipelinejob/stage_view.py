"""What can be seen of one stage when it is settled."""

from dataclasses import dataclass

from stagework.api.pipelinejob import Commit, StageStatus
from stagework.api.stages import Stage
from stagework.plans.pipelinejob.children import Copy
from stagework.plans.pipelinejob.snapshot import Lookup, Question, Refused, Snapshot
from stagework.policies.mark import Mark


@dataclass(frozen=True)
class Sight:
    """One stage with its copy and all that proves what has become of it; looked up when asked."""

    snapshot: Snapshot
    stage: Stage
    status: StageStatus
    """As it was before it is settled."""
    copy: Copy

    @property
    def node_ready(self) -> bool:
        """True where its node is ready; for a copy without a known node: all of its class."""
        return _node_ready(self.snapshot, self.status)

    @property
    def answer(self) -> Lookup | None:
        """What the artifact store has said of this attempt; None before it has."""
        return self.snapshot.lookups.get(question(self.status))

    @property
    def last_answer(self) -> Lookup | None:
        """What it said when it was asked again, before the attempt is given up as lost."""
        return self.snapshot.lookups.get(question(self.status, last=True))

    @property
    def refused(self) -> Refused | None:
        """Why the API server would not take the Job."""
        return self.snapshot.refusals.get((self.stage.name, self.status.attempt))

    def commit(self, status: StageStatus, pod_uid: str, mark: Mark) -> Commit:
        """The operator names the winning prefix; what a mark says about places is never used."""
        meta = self.snapshot.run.metadata
        return Commit(
            attempt=status.attempt,
            pod=pod_uid,
            digest=mark.digest,
            prefix=f"{meta.namespace}/{meta.uid}/{status.name}/{status.attempt}-{pod_uid}",
            items=mark.items,
            failedItems=mark.failed_items,
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
