"""What must hold at every moment of every run, whatever goes wrong."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime

from stagework.api.pipelinejob import PipelineJob
from stagework.api.stage_status import Commit
from stagework.plans.pipelinejob.snapshot import RunPlan, Snapshot
from tests.support.stepper.pretend import PretendCluster


class Invariants:
    """Checked after each second and for each plan; fails with a sentence."""

    def __init__(self, cluster: PretendCluster) -> None:
        self._cluster = cluster
        self._attempts: dict[tuple[str, str], int] = defaultdict(int)
        self._commits: dict[tuple[str, str, int], Commit] = {}

    def check(self, runs: Iterable[PipelineJob]) -> None:
        """No two processes of a stage at once; attempts grow; commits stay; waits have causes."""
        alive = Counter(
            (process.run_uid, process.stage)
            for process in self._cluster.processes.values()
            if process.ended is None
        )
        for (_, stage), count in alive.items():
            assert count == 1, f"{count} processes of {stage} at once"
        for run in runs:
            self._check_run(run)

    def _check_run(self, run: PipelineJob) -> None:
        uid = run.metadata.uid
        for stage in run.status.stages:
            where = (uid, stage.name)
            assert stage.attempt >= self._attempts[where], f"{stage.name}: attempts went back"
            self._attempts[where] = stage.attempt
            if stage.state in {"Waiting", "NotRun", "Failed"}:
                assert stage.reason, f"{stage.name} is {stage.state} for no stated cause"
            if stage.waiting:
                assert stage.turnTime is None, f"{stage.name} waits, and its turn is counted"
            if stage.state == "Succeeded":
                assert stage.commit is not None, f"{stage.name} succeeded without a commit"
                assert stage.commit.attempt == stage.attempt
                known = self._commits.setdefault((*where, stage.attempt), stage.commit)
                assert known == stage.commit, f"{stage.name}: its commit was revised"
            if stage.active:
                assert stage.machine, f"{stage.name} is {stage.state} on no machine class"
        if run.status.ended:
            assert run.status.completionTime is not None

    def check_plan(self, snapshot: Snapshot, plan: RunPlan, now: datetime) -> None:
        """A plan that changes nothing must not ask to be made again at once."""
        if plan.wake_at is not None and plan.wake_at <= now:
            assert plan.status is not None or plan.actions or plan.afterwards, (
                f"woken at once for nothing: {snapshot.run.status.message}"
            )
