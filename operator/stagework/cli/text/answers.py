"""The answer to what a person has asked of a run, as a preview and as the operator gave it."""

from collections.abc import Iterable, Mapping
from typing import Final

from stagework.api.intervention import InterventionStatus, RefusedStage
from stagework.api.judgement import Judgement
from stagework.api.kinds import (
    APPROVE,
    BATCH,
    PIPELINEJOB,
    RECOVER,
    REPROCESS,
    RETRY,
    RUN_NOW,
    SCHEDULEDJOB,
    SKIP,
    SKIP_NEXT,
    STOP,
    Kind,
)
from stagework.plans.pipelinejob.interventions import Preview

HINTS: Final = {
    "UnknownStage": "the run has no stage of that name",
    "StaleAttempt": "it has a newer attempt by now: look again and decide anew",
    "StillActive": "it has not ended yet",
    "WaitsForOthers": "it was not tried: retry the stage that it depends on",
    "AlreadyDone": "it has succeeded, was skipped before, or is not needed",
    "NotNeeded": "a stage above it left it out, or nothing has failed: retry a stage above it",
    "AlreadyEnded": "all of its stages have ended, or are being ended",
    "NotAwaitingApproval": "it does not wait for approval now",
    "NothingToApprove": "no stage waits for approval now",
    "NothingFailed": "no stage has failed: name one with --stage",
    "NoStageNamed": "name the stages with --stage",
    "TargetNotFound": "there is no such run",
    "TargetReplaced": "the run of that name has been made anew since",
    "NotSuspected": "it lives, or has ended for certain, as far as can be seen",
    "TooSoon": "nothing has been proved for less than the timeout",
    "MachineAway": "its machine may be asleep: nothing is declared dead there",
    "NothingSuspected": "of no stage it is unknown whether it lives",
    "NotStarted": "the run was not accepted, or its stages are lost: make a new one",
}
"""Sentences beside reasons that a person may not understand; others stand for themselves."""
BATCH_HINTS: Final = {
    "NotFrozen": "its list of items is not known yet: nothing has been run",
    "NothingToReprocess": "no item is as the request wants it, or it is to be run again already",
    "UnknownItem": "the batch has no item of that id, or it has not ended yet",
    "TooManyRounds": "as many reprocesses wait as may: ask again once one has ended",
    "StopFollows": "a stop was asked for right behind it: ask again once that is over",
    "AlreadyEnded": "nothing of it runs or waits",
    "TargetNotFound": "there is no such batch",
    "TargetReplaced": "the batch of that name has been made anew since",
}
"""The same of batches."""
SCHEDULE_HINTS: Final = {
    "MaxInstancesReached": "as many of its runs are at work as maxInstances allows",
    "NothingToSkip": "no slot is to come, or it is paused",
    "TooManySkips": "as many slots as can be are marked to be skipped already",
    "TakesNoStages": "a schedule has no stages: leave them out",
    "TargetNotFound": "there is no such schedule",
    "TargetReplaced": "the schedule of that name has been made anew since",
}
"""The same of schedules."""
_HINTS: Final = {PIPELINEJOB: HINTS, BATCH: BATCH_HINTS, SCHEDULEDJOB: SCHEDULE_HINTS}
_WOULD: Final = {
    RETRY: "be tried again",
    SKIP: "be skipped",
    STOP: "be stopped",
    APPROVE: "be approved",
    RECOVER: "be declared failed",
    RUN_NOW: "be made",
    SKIP_NEXT: "be skipped",
    REPROCESS: "be run again",
}
"""What would become of a stage, of items, or of a whole object, by verb."""


def answered(status: InterventionStatus, kind: Kind = PIPELINEJOB) -> list[str]:
    """The operator's answer: the counts, then each refusal with its reason."""
    lines = _lines(status.requested, status.affected, status.refused, _HINTS[kind])
    return [*lines, f"  {status.message}"] if status.message else lines


def judged(verb: str, effect: Judgement, kind: Kind) -> list[str]:
    """What would become of a whole object; nothing has been written."""
    lines = _lines(effect.requested, effect.count, effect.refused, _HINTS[kind])
    lines[0] += " (dry run: nothing was written)"
    done = _WOULD.get(verb, f"have {verb} done")
    return lines + [f"  would {done}: {affected}" for affected in effect.affected]


def previewed(verb: str, effect: Preview) -> list[str]:
    """What would happen; nothing has been written."""
    affected, refused = effect.affected, effect.refused
    requested = len(affected) + sum(1 for refusal in refused if refusal.stage)
    lines = _lines(requested, len(affected), refused)
    lines[0] += " (dry run: nothing was written)"
    done = _WOULD.get(verb, f"have {verb} done")
    hardly = {*effect.not_run, *effect.still_not_run}
    lines += [f"  would {done}: {stage}" for stage in affected if stage not in hardly]
    lines += [f"  would wait again: {stage}" for stage in effect.resets]
    lines += [f"  would not be run: {stage}" for stage in effect.not_run]
    lines += [f"  stays not run: {stage}" for stage in effect.still_not_run]
    lines += [f"  may still run from before: {stage}" for stage in effect.may_run]
    if effect.end:
        others = "" if verb == STOP else ", if all that is still to run succeeds"
        lines.append(f"  the run would end: {effect.end}{others}")
    return lines


def _lines(
    requested: int,
    affected: int,
    refused: Iterable[RefusedStage],
    hints: Mapping[str, str] = HINTS,
) -> list[str]:
    listed = list(refused)
    lines = [f"requested {requested}, affected {affected}, refused {len(listed)}"]
    for refusal in listed:
        hint = hints.get(refusal.reason)
        reason = f"{refusal.reason} ({hint})" if hint else refusal.reason
        lines.append(f"  refused {refusal.stage or 'the request'}: {reason}")
    return lines
