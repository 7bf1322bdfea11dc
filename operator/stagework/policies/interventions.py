"""What would a Retry or Skip change, and what is refused? The same code answers `--dry-run`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stagework.api.intervention import InterventionSpec, Refusal
from stagework.api.pipelinejob import PipelineJobStatus, StageStatus

UNKNOWN_STAGE = "UnknownStage"
"""The run has no stage of that name."""
STALE_ATTEMPT = "StaleAttempt"
"""Another attempt is the current one by now; look again before asking again."""
STILL_ACTIVE = "StillActive"
"""It has not ended: there is nothing to retry yet."""
WAITS_FOR_OTHERS = "WaitsForOthers"
"""It has not been tried: what it depends on decides; retry that."""
ALREADY_DONE = "AlreadyDone"
"""It has succeeded or was skipped: there is nothing to skip."""
NOTHING_FAILED = "NothingFailed"
"""No stage was named and none has failed."""
NO_STAGE_NAMED = "NoStageNamed"
"""Skip must name its stages."""
TARGET_NOT_FOUND = "TargetNotFound"
"""No run of that name exists in this namespace."""
TARGET_REPLACED = "TargetReplaced"
"""The run of that name is another one than the request means (its uid differs)."""
NOT_STARTED = "NotStarted"
"""The run has not been accepted; correct it and make a new one."""


@dataclass(frozen=True)
class Judgement:
    """The answer to one Intervention."""

    affected: tuple[str, ...] = ()
    """Stages that are retried or skipped."""
    resets: tuple[str, ...] = ()
    """Descendants that wait again with new attempts."""
    refused: tuple[Refusal, ...] = ()
    """Stages left alone, with reasons."""

    @property
    def requested(self) -> int:
        """How many stages were asked for."""
        return len(self.affected) + sum(1 for each in self.refused if each.stage)


def judge(
    spec: InterventionSpec,
    status: PipelineJobStatus,
    dependencies: Mapping[str, tuple[str, ...]],
) -> Judgement:
    """Decide for each stage by itself; one refusal never takes the others down."""
    states = {each.name: each for each in status.stages}
    if not states:
        return Judgement(refused=(Refusal(stage="", reason=NOT_STARTED),))
    wanted = _wanted(spec, states)
    if not wanted:
        reason = NO_STAGE_NAMED if spec.verb == "Skip" else NOTHING_FAILED
        return Judgement(refused=(Refusal(stage="", reason=reason),))
    affected: list[str] = []
    refused: list[Refusal] = []
    for name in wanted:
        reason = _refusal(spec, states.get(name))
        if reason:
            refused.append(Refusal(stage=name, reason=reason))
        else:
            affected.append(name)
    below = _below(affected, dependencies)
    touched = spec.verb == "Retry" or spec.descendants == "Run"
    resets = tuple(n for n in below if touched and _needs_reset(spec, states[n]))
    return Judgement(tuple(affected), resets, tuple(refused))


def _wanted(spec: InterventionSpec, states: Mapping[str, StageStatus]) -> list[str]:
    if spec.stages:
        return list(dict.fromkeys(spec.stages))
    if spec.verb == "Skip":
        return []
    return [name for name, each in states.items() if each.state == "Failed"]


def _refusal(spec: InterventionSpec, stage: StageStatus | None) -> str:
    if stage is None:
        return UNKNOWN_STAGE
    if spec.attempt is not None and spec.attempt != stage.attempt:
        return STALE_ATTEMPT
    if spec.verb == "Skip":
        return ALREADY_DONE if stage.state in {"Succeeded", "Skipped"} else ""
    if stage.state in {"Starting", "Running"}:
        return STILL_ACTIVE
    if stage.state == "Waiting":
        return STILL_ACTIVE if stage.failures or stage.attempt > 1 else WAITS_FOR_OTHERS
    return WAITS_FOR_OTHERS if stage.state == "NotRun" else ""


def _below(roots: Iterable[str], dependencies: Mapping[str, tuple[str, ...]]) -> list[str]:
    reached = set(roots)
    found: list[str] = []
    for name, above in dependencies.items():
        if name not in reached and any(each in reached for each in above):
            reached.add(name)
            found.append(name)
    return found


def _needs_reset(spec: InterventionSpec, stage: StageStatus) -> bool:
    """After a Retry everything below runs again; after a Skip only what had been given up."""
    if spec.verb == "Skip":
        return stage.state == "NotRun"
    return stage.state != "Waiting" or stage.attempt > 1
