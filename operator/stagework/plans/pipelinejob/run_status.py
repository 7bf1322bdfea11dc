"""The run's own status from its stages: conditions, summary, progress, what happens now."""

from collections.abc import Sequence
from datetime import datetime

from stagework.api import names
from stagework.api.conditions import Condition, Status, renew
from stagework.api.pipelinejob import Answered, PipelineJob, PipelineJobStatus, StageStatus
from stagework.api.text import one_line

DONE = frozenset({"Succeeded", "Skipped"})
"""States that count as progress."""
ENDED = frozenset({"Succeeded", "Skipped", "Failed", "NotRun"})
"""States in which a stage needs nothing more."""
ACTIVE = frozenset({"Starting", "Running"})
"""States in which a stage has a slot."""


def conditions_for(
    run: PipelineJob,
    succeeded: Status,
    reason: str,
    message: str,
    now: datetime,
    *,
    stalled: bool = False,
    paused: bool = False,
) -> list[Condition]:
    """Succeeded, Reconciling and Stalled by the kstatus table.

    Active: Unknown, Reconciling. Suspended: Unknown, neither. Done: True, neither. Failed for
    good: False, Stalled. `stalled` says that an unfinished run needs a person.
    """
    stuck = stalled or succeeded == "False"
    busy = succeeded == "Unknown" and not stuck and not paused
    wanted: list[tuple[str, Status]] = [
        (names.SUCCEEDED, succeeded),
        (names.RECONCILING, "True" if busy else "False"),
        (names.STALLED, "True" if stuck else "False"),
    ]
    said = (reason, message[:512], run.metadata.generation)
    before = run.status.conditions
    known = [(c.type, c.status, c.reason, c.message, c.observedGeneration) for c in before]
    if known == [(kind, status, *said) for kind, status in wanted]:
        return before
    fresh = [
        Condition(
            type=kind,
            status=status,
            reason=said[0],
            message=said[1],
            lastTransitionTime=now,
            observedGeneration=said[2],
        )
        for kind, status in wanted
    ]
    return renew(before, fresh, now)


def run_status(
    run: PipelineJob, stages: Sequence[StageStatus], answered: list[Answered], now: datetime
) -> PipelineJobStatus:
    """The whole status, from the stages as they stand."""
    current = _current(stages)
    succeeded, reason = _verdict(run, stages)
    message = one_line(_message(reason, stages, current), 256)
    over = succeeded != "Unknown"
    return run.status.model_copy(
        update={
            "observedGeneration": run.metadata.generation,
            "conditions": conditions_for(
                run, succeeded, reason, message, now, paused=reason == names.SUSPENDED
            ),
            "summary": reason,
            "message": message,
            "progress": f"{sum(s.state in DONE for s in stages)}/{len(stages)}",
            "stage": _current_names(stages, current),
            "machine": current.machine if current is not None else "",
            "node": current.node if current is not None else "",
            "attempts": sum(_started_attempts(each) for each in stages),
            "completionTime": (run.status.completionTime or now) if over else None,
            "stages": list(stages),
            "answered": answered,
        }
    )


def _verdict(run: PipelineJob, stages: Sequence[StageStatus]) -> tuple[Status, str]:
    states = {each.state for each in stages}
    if states <= ENDED:
        if "Failed" in states:
            return "False", names.STAGE_FAILED
        by_person = any(each.skip is not None for each in stages)
        skips = "NotRun" in states or by_person
        return "True", names.COMPLETED_WITH_SKIPS if skips else names.COMPLETED
    if states & ACTIVE:
        return "Unknown", names.RUNNING
    if run.spec.suspend:
        return "Unknown", names.SUSPENDED
    begun = states & ENDED or any(each.attempt > 1 for each in stages)
    return "Unknown", names.WAITING if begun else names.QUEUED


def _current(stages: Sequence[StageStatus]) -> StageStatus | None:
    """The stage to show: the first that runs, starts, failed, waits for its turn, or the last."""
    for wanted in ("Running", "Starting"):
        found = next((each for each in stages if each.state == wanted), None)
        if found is not None:
            return found
    waiting = [each for each in stages if each.state == "Waiting"]
    if not waiting:
        failed = next((each for each in stages if each.state == "Failed"), None)
        return failed or stages[-1]
    due = [each for each in waiting if each.reason != names.WAIT_DEPENDENCY]
    return due[0] if due else waiting[0]


def _current_names(stages: Sequence[StageStatus], current: StageStatus | None) -> str:
    if current is None:
        return ""
    more = sum(each.state in ACTIVE for each in stages) - 1
    return f"{current.name} +{more}" if current.state in ACTIVE and more > 0 else current.name


def _message(reason: str, stages: Sequence[StageStatus], current: StageStatus | None) -> str:
    if reason == names.COMPLETED:
        return f"all {len(stages)} stages succeeded"
    if reason == names.COMPLETED_WITH_SKIPS:
        skipped = [each.name for each in stages if each.state in {"Skipped", "NotRun"}]
        return f"done; skipped or not run: {', '.join(skipped)}"
    if current is None:
        return ""
    said = f"{current.reason}: {current.message}".strip(": ")
    if current.state == "Running":
        return f"{current.name} runs on {current.node or current.machine}"
    if current.state == "Failed":
        return f"{current.name} failed: {said}"
    verb = "starts" if current.state == "Starting" else "waits"
    return f"{current.name} {verb}: {said}" if said else f"{current.name} {verb}"


def _started_attempts(stage: StageStatus) -> int:
    begun = stage.pod or stage.commit is not None or stage.state == "Failed"
    return stage.attempt if begun else stage.attempt - 1
