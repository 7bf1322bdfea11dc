"""What would a Retry or Skip change, and what is refused? The same code answers `--dry-run`."""

from collections.abc import Iterable

from stagework.api.intervention import InterventionSpec, RefusedStage
from stagework.api.judgement import Judgement, refused_whole
from stagework.api.kinds import SKIP
from stagework.api.stage_status import StageStatus, States

UNKNOWN_STAGE = "UnknownStage"
"""The run has no stage of that name."""
STALE_ATTEMPT = "StaleAttempt"
"""Another attempt is the current one by now; read it again before asking again."""
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
NOT_STARTED = "NotStarted"
"""The run has not been accepted; correct it and make a new one."""


def judge(spec: InterventionSpec, states: States) -> Judgement:
    """Decide for each stage by itself; one refusal never takes the others down.

    `states` are the run's stages by name; none: it has not been accepted.
    """
    if not states:
        return refused_whole(NOT_STARTED)
    wanted = _wanted(spec, states)
    if not wanted:
        return refused_whole(NO_STAGE_NAMED if spec.verb == SKIP else NOTHING_FAILED)
    affected: list[str] = []
    refused: list[RefusedStage] = []
    for name in wanted:
        reason = _refusal(spec, states.get(name))
        if reason:
            refused.append(RefusedStage(stage=name, reason=reason))
        else:
            affected.append(name)
    return Judgement(tuple(affected), tuple(refused))


def resets(spec: InterventionSpec, below: Iterable[StageStatus]) -> tuple[str, ...]:
    """Which of the stages below the affected ones wait again, with new attempts.

    After a Retry everything that has begun; after a Skip that lets them run, what had been given
    up; after any other Skip none.
    """
    if spec.verb == SKIP:
        runs = spec.descendants == "Run"
        return tuple(stage.name for stage in below if runs and stage.state == "NotRun")
    return tuple(stage.name for stage in below if not stage.waiting or stage.attempt > 1)


def _wanted(spec: InterventionSpec, states: States) -> list[str]:
    if spec.stages:
        return list(dict.fromkeys(spec.stages))
    if spec.verb == SKIP:
        return []
    return [name for name, stage in states.items() if stage.state == "Failed"]


def _refusal(spec: InterventionSpec, stage: StageStatus | None) -> str:
    if stage is None:
        return UNKNOWN_STAGE
    if spec.attempt is not None and spec.attempt != stage.attempt:
        return STALE_ATTEMPT
    if spec.verb == SKIP:
        return ALREADY_DONE if stage.done else ""
    if stage.active:
        return STILL_ACTIVE
    if stage.put_off:
        return ""  # whoever waits for it need not: what was in its way may be gone
    if stage.waiting:
        return STILL_ACTIVE if stage.failures or stage.attempt > 1 else WAITS_FOR_OTHERS
    return WAITS_FOR_OTHERS if stage.state == "NotRun" else ""
