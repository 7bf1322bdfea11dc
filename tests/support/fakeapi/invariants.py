"""What the stage processes themselves saw: starts and ends that no operator can write."""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from tests.support.fakeapi.resources import Json, part


@dataclass(slots=True)
class StageRun:
    """One process of one stage."""

    run: str
    """Uid of the PipelineJob (label stagework.dev/run-uid)."""
    stage: str
    attempt: str
    pod: str
    started: float
    ended: float | None = None
    exit_code: int | None = None


def process_of(pod: Json) -> tuple[str, str, str, str]:
    """Run uid, stage, attempt and Pod uid, as the Pod's labels say."""
    labels = part(pod, "metadata", "labels")
    return (
        labels.get("stagework.dev/run-uid", ""),
        labels.get("stagework.dev/stage", ""),
        labels.get("stagework.dev/attempt", ""),
        pod["metadata"]["uid"],
    )


@dataclass(slots=True)
class InvariantChecker:
    """Every process that ran."""

    runs: list[StageRun] = field(default_factory=list[StageRun])
    _by_pod: dict[str, StageRun] = field(default_factory=dict[str, StageRun])

    def start(self, pod: Json, now: float) -> None:
        process = StageRun(*process_of(pod), now)
        self.runs.append(process)
        self._by_pod[process.pod] = process

    def end(self, pod_uid: str, now: float, exit_code: int) -> None:
        process = self._by_pod.pop(pod_uid, None)
        if process is not None:
            process.ended, process.exit_code = now, exit_code

    def attempts(self) -> dict[tuple[str, str, str], list[StageRun]]:
        """Processes by (run, stage, attempt)."""
        by_attempt: dict[tuple[str, str, str], list[StageRun]] = defaultdict(list)
        for process in self.runs:
            by_attempt[process.run, process.stage, process.attempt].append(process)
        return by_attempt

    def doubled(self) -> list[list[StageRun]]:
        """Attempts that had more than one process."""
        return [processes for processes in self.attempts().values() if len(processes) > 1]

    def overlaps(self) -> list[tuple[StageRun, StageRun]]:
        """Pairs of processes of one stage that ran at the same time."""
        by_stage: dict[tuple[str, str], list[StageRun]] = defaultdict(list)
        for process in self.runs:
            by_stage[process.run, process.stage].append(process)
        pairs: list[tuple[StageRun, StageRun]] = []
        for processes in by_stage.values():
            processes.sort(key=lambda process: process.started)
            pairs += [
                (first, second)
                for first, second in pairwise(processes)
                if first.ended is None or second.started < first.ended
            ]
        return pairs
