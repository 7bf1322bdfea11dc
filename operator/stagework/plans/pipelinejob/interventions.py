"""Carry out what people ask of a run (Retry, Skip) and answer each request once.

The effect and a note of it (`status.answered`) are written in one status patch; the Intervention's
own answer follows. After a crash in between the note says that the effect is there already.
"""

from datetime import datetime

from stagework.api import names
from stagework.api.intervention import Intervention, InterventionStatus, Refusal
from stagework.api.pipelinejob import Answered, PipelineJobStatus, SkipRecord, StageStatus, Stopping
from stagework.api.text import one_line
from stagework.plans.pipelinejob.outcomes import renewed
from stagework.plans.plan import AnswerIntervention, DeleteIntervention, Draft, Event
from stagework.plans.pipelinejob.snapshot import Snapshot
from stagework.policies import interventions as policy

KEPT = 20
"""Answered Interventions of a target that are kept, and notes in its status."""

NOTE_LETTERS = 128
"""Longest list of refusals in a note; it is only read again after a crash."""

States = dict[str, StageStatus]


def carry_out(
    snapshot: Snapshot, states: States, draft: Draft, now: datetime
) -> tuple[States, list[Answered]]:
    """New states and notes after the unanswered requests, oldest first.

    At most KEPT at once, so that the note of none is dropped before its answer is written.
    """
    notes = list(snapshot.run.status.answered)
    waiting = [each for each in snapshot.interventions if each.status.answered is None]
    if len(waiting) > KEPT:
        draft.wake(now)
    for request in waiting[:KEPT]:
        noted = next((note for note in notes if note.uid == request.metadata.uid), None)
        if noted is not None:
            draft.afterwards.append(_answer(request, _from_note(noted), now))
            continue
        judgement = _judge(snapshot, states, request)
        if judgement.affected:
            states = _apply(states, request, judgement)
            notes = [*notes, _note(request, judgement)][-KEPT:]
            said = f"{request.spec.verb} of {', '.join(judgement.affected)}"
            by = request.spec.requestedBy or "somebody"
            draft.events.append(Event(names.EVENT_INTERVENTION, f"{said}, asked by {by}"))
        draft.afterwards.append(_answer(request, judgement, now))
    _drop_old(snapshot, draft)
    return states, notes


def refuse_all(
    requests: tuple[Intervention, ...], reason: str, now: datetime
) -> tuple[AnswerIntervention, ...]:
    """Answers for requests whose target is not there."""
    judgement = policy.Judgement(refused=(Refusal(stage="", reason=reason),))
    return tuple(_answer(each, judgement, now) for each in requests if not each.status.answered)


def _judge(snapshot: Snapshot, states: States, request: Intervention) -> policy.Judgement:
    target = request.spec.target
    if target.uid and target.uid != snapshot.run.metadata.uid:
        return policy.Judgement(refused=(Refusal(stage="", reason=policy.TARGET_REPLACED),))
    dependencies = snapshot.resolved.dependencies if snapshot.resolved is not None else {}
    status = PipelineJobStatus(stages=list(states.values()) if dependencies else [])
    return policy.judge(request.spec, status, dependencies)


def _apply(states: States, request: Intervention, judgement: policy.Judgement) -> States:
    changed = dict(states)
    spec = request.spec
    by = one_line(f"{spec.requestedBy or 'a person'}: {spec.reason}".removesuffix(": "))
    for name in judgement.affected:
        if spec.verb == "Retry":
            changed[name] = renewed(states[name], names.RETRIED_BY_PERSON, by)
        else:
            changed[name] = _skipped(states[name], request, by)
    for name in judgement.resets:
        changed[name] = _reset(states[name], by)
    return changed


def _skipped(status: StageStatus, request: Intervention, by: str) -> StageStatus:
    spec = request.spec
    record = SkipRecord(by=spec.requestedBy, descendants=spec.descendants)
    if status.state in {"Starting", "Running"}:
        verdict = Stopping(reason=names.SKIPPED_BY_PERSON, message=by)
        return status.model_copy(update={"stopping": verdict, "skip": record})
    skipped = {"state": "Skipped", "reason": names.SKIPPED_BY_PERSON, "message": by}
    moment = request.metadata.creationTimestamp
    return status.model_copy(update={**skipped, "skip": record, "completionTime": moment})


def _reset(status: StageStatus, by: str) -> StageStatus:
    """A descendant waits again; a running copy must have ended before its next attempt."""
    if status.state in {"Starting", "Running"}:
        verdict = Stopping(reason=names.RETRIED_BY_PERSON, message=by)
        return status.model_copy(update={"stopping": verdict})
    if status.state == "NotRun":
        return status.model_copy(update={"state": "Waiting", "reason": "", "message": ""})
    return renewed(status, names.RETRIED_BY_PERSON, by)


def _note(request: Intervention, judgement: policy.Judgement) -> Answered:
    refused = ""
    for each in judgement.refused:
        longer = f"{refused},{each.stage}={each.reason}".removeprefix(",")
        if len(longer) > NOTE_LETTERS:
            break
        refused = longer
    return Answered(uid=request.metadata.uid, affected=len(judgement.affected), refused=refused)


def _from_note(note: Answered) -> policy.Judgement:
    pairs = [each.split("=", 1) for each in note.refused.split(",") if "=" in each]
    refused = tuple(Refusal(stage=stage, reason=reason) for stage, reason in pairs)
    return policy.Judgement(affected=("",) * note.affected, refused=refused)


def _answer(
    request: Intervention, judgement: policy.Judgement, now: datetime
) -> AnswerIntervention:
    affected, refused = len(judgement.affected), list(judgement.refused)
    summary = "Done" if not refused else "PartlyDone" if affected else "Refused"
    status = InterventionStatus(
        answered=now,
        requested=judgement.requested,
        affected=affected,
        refused=refused,
        summary=summary,
    )
    meta = request.metadata
    return AnswerIntervention(meta.name, meta.uid, status, adopt=not meta.ownerReferences)


def _drop_old(snapshot: Snapshot, draft: Draft) -> None:
    answered = [each for each in snapshot.interventions if each.status.answered is not None]
    for each in answered[:-KEPT]:
        draft.afterwards.append(DeleteIntervention(each.metadata.name, each.metadata.uid))
