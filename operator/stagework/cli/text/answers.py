"""The answer to what a person has asked of a run, as a preview and as the operator gave it."""

from collections.abc import Iterable, Sequence
from typing import Final

from stagework.api.intervention import InterventionStatus, RefusedStage

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
    "NotStarted": "the run was not accepted: correct it and make a new one",
}
"""Sentences beside reasons that a person may not understand; others stand for themselves."""


def answered(status: InterventionStatus) -> list[str]:
    """The operator's answer: the counts, then each refusal with its reason."""
    return _lines(status.requested, status.affected, status.refused)


def previewed(
    affected: Sequence[str], resets: Sequence[str], refused: Sequence[RefusedStage]
) -> list[str]:
    """What would happen; nothing has been written."""
    requested = len(affected) + sum(1 for refusal in refused if refusal.stage)
    lines = _lines(requested, len(affected), refused)
    lines[0] += " (dry run: nothing was written)"
    lines += [f"  would change: {stage}" for stage in affected]
    return lines + [f"  would wait again: {stage}" for stage in resets]


def _lines(requested: int, affected: int, refused: Iterable[RefusedStage]) -> list[str]:
    listed = list(refused)
    lines = [f"requested {requested}, affected {affected}, refused {len(listed)}"]
    for refusal in listed:
        hint = HINTS.get(refusal.reason)
        reason = f"{refusal.reason} ({hint})" if hint else refusal.reason
        lines.append(f"  refused {refusal.stage or 'the request'}: {reason}")
    return lines
