"""What must hold at the end of every history: by what processes saw, and by what is stored."""

from collections import defaultdict
from typing import Final

from tests.support.fakeapi.invariants import StageRun
from tests.support.fakeapi.resources import (
    INTERVENTIONS,
    JOBS,
    PIPELINE_JOBS,
    PODS,
    Json,
    items,
    part,
)
from tests.support.fakeapi.store import Stored
from tests.support.histories.pod_watch import PodWatch
from tests.support.histories.strangers import Strangers
from tests.support.histories.watched_world import WatchedWorld
from tests.support.recorded import stages_of

CALM_RECONCILES: Final = 12
"""Of one key at most while nothing happens for `CALM_SECONDS`."""
_GOOD: Final = ("Succeeded",)


class Witness:
    """Watches a world from its beginning."""

    def __init__(self, world: WatchedWorld, strangers: Strangers, limit: int) -> None:
        """`limit`: slots of each class."""
        self._world = world
        self._pods = PodWatch(world, strangers, limit)
        self._stages = self._pods.stages
        self._strays = strangers.strays
        self._writes = 0

    def unended(self) -> list[str]:
        """Runs that have not ended."""
        return [
            f"{run.key[1]} has not ended: {_summary(run)}"
            for run in self._world.store.list(PIPELINE_JOBS)
            if "completionTime" not in part(run.data, "status")
        ]

    def unanswered(self) -> list[str]:
        """Interventions without an answer."""
        return [
            f"{asked.key[1]} has no answer"
            for asked in self._world.store.list(INTERVENTIONS)
            if not part(asked.data, "status").get("answered")
        ]

    def end_what_was_left(self) -> str:
        """Delete the Pods that go on though their runs are gone, as a person would."""
        left = [
            pod
            for pod in self._world.store.list(PODS)
            if self._holds_on(pod)
            and pod.data["status"]["phase"] in {"Pending", "Running"}
            and not items(pod.data["spec"], "schedulingGates")
        ]
        for pod in left:
            self._world.store.delete(PODS, *pod.key, None)
        ended = [pod.meta["name"] for pod in left]
        return f"somebody ends {', '.join(ended)}" if ended else ""

    def count_from_here(self) -> None:
        """Nothing happens from now on: what is done is done for nothing."""
        self._world.reconciles.clear()
        self._writes = self._all_writes()

    def all_wrong(self) -> list[str]:
        """Everything that is wrong, once all should have ended and it was calm for a while."""
        return [
            *self._pods.wrong,
            *self.unended(),
            *self.unanswered(),
            *self._duplicates(),
            *self._revised(),
            *self._untrue(),
            *self._slots(),
            *self._left(),
            *self._endless(),
        ]

    def _duplicates(self) -> list[str]:
        """Two processes of a stage at once. No stage can be declared to bear that.

        One whose gate a stranger took off is not of our making, but nothing may join it.
        """
        by_stage: dict[tuple[str, str], list[StageRun]] = defaultdict(list)
        for process in self._world.invariants.runs:
            if process.pod in self._stages:
                by_stage[self._stages[process.pod]].append(process)
        wrong: list[str] = []
        for processes in by_stage.values():
            processes.sort(key=lambda process: process.started)
            before = processes[0]
            for process in processes[1:]:
                is_ours = process.pod not in self._strays
                if is_ours and (before.ended is None or process.started < before.ended):
                    wrong.append(f"two at once: {before} and {process}")
                if before.ended is not None and (process.ended or before.ended) > before.ended:
                    before = process
        return wrong

    def _revised(self) -> list[str]:
        commits = self._world.commits
        return [f"committed twice: {commits.doubled()}"] if commits.doubled() else []

    def _untrue(self) -> list[str]:
        """Stages that are said to have succeeded, and whose process did not."""
        codes = {process.pod: process.exit_code for process in self._world.invariants.runs}
        return [
            f"{run.key[1]}: {stage['name']} is committed by {stage['commit']['pod']}, which ended "
            f"with {codes.get(stage['commit']['pod'], 'no process')}"
            for run in self._world.store.list(PIPELINE_JOBS)
            for stage in stages_of(run.data)
            if stage.get("state") in _GOOD and not self._did(stage["commit"]["pod"], codes)
        ]

    def _did(self, pod: str, codes: dict[str, int | None]) -> bool:
        return pod in self._stages and codes.get(pod, 1) == 0

    def _slots(self) -> list[str]:
        """Slots that are taken while nothing works."""
        taken = {
            operator: sum(controller.at_work() for controller in operator.runtime.controllers)
            for operator in self._world.operators
        }
        living = [number for operator, number in taken.items() if operator.leads]
        if len(living) != 1:
            return [f"{len(living)} operators lead"]
        left = [pod for pod in self._world.store.list(PODS) if self._holds_on(pod)]
        return [f"{living[0]} slots are taken"] if living[0] > len(left) else []

    def _holds_on(self, pod: Stored) -> bool:
        """What was left to go on holds its slot as long as it does."""
        return pod.meta["uid"] in self._stages and self._pods.is_left_to_go_on(pod)

    def _left(self) -> list[str]:
        """Pods of ours that wait for a turn that cannot come, or still work."""
        left = [
            f"left: {pod.meta['name']}, {pod.data['status']['phase']}"
            for pod in self._world.store.list(PODS)
            if pod.meta["uid"] in self._stages
            and pod.data["status"]["phase"] in {"Pending", "Running"}
            and (items(pod.data["spec"], "schedulingGates") or not self._pods.is_left_to_go_on(pod))
        ]
        held = [
            f"left: Job {job.meta['name']}"
            for job in self._world.store.list(JOBS)
            if "deletionTimestamp" in job.meta
        ]
        return [*left, *held]

    def _endless(self) -> list[str]:
        """What was decided or written while nothing happened."""
        wrong = [
            f"{key} was decided about {times} times while nothing happened"
            for key, times in self._world.reconciles.items()
            if times > CALM_RECONCILES
        ]
        writes = self._all_writes() - self._writes
        return [*wrong, *([f"{writes} writes while nothing happened"] if writes else [])]

    def _all_writes(self) -> int:
        counts = self._world.fake.record.counts
        return sum(
            times
            for what, times in counts.items()
            if what.split()[-2] in {"POST", "PUT", "PATCH", "DELETE"}
            and not what.endswith((" leases", " events"))
        )


def _summary(run: Stored) -> str:
    status: Json = part(run.data, "status")
    stages = [
        f"{stage['name']} {stage.get('attempt')} {stage.get('state')} {stage.get('reason', '')} "
        f"{stage.get('message', '')}"
        for stage in items(status, "stages")
    ]
    return f"{status.get('summary')}; {'; '.join(stages)}"
