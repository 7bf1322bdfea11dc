"""What people ask of an object: carried out once, noted with its effect, and answered once.

The same for every kind; a kind says what its verbs change (`Verbs`). The effect and a note of it
(`status.answered`) are written in one status patch; the Intervention's own answer follows. After a
crash in between the note says that the effect is there already.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, Literal, Protocol, TypeVar

from stagework.api import names
from stagework.api.answered import Answered
from stagework.api.causes import sentence
from stagework.api.intervention import (
    Intervention,
    InterventionSpec,
    InterventionStatus,
    RefusedStage,
)
from stagework.api.judgement import TARGET_REPLACED, UNKNOWN_VERB, Judgement, refused_whole
from stagework.api.kinds import INTERVENTION
from stagework.plans.plan import ActionKey, Answer, Delete, Event, PlanBuilder

KEPT = 20
"""Answered Interventions of a target that are kept, and notes in its status."""
NOTE_LETTERS = 128
"""Longest list of refusals in a note; it is only read again after a crash."""

_NEXT: Final = {
    names.NOT_UNDERSTOOD: "upgrade the operator, which does not know that, then ask again",
    names.INVALID_SPEC: "correct that, or make a new one, then ask again",
    names.CANNOT_BE_PLANNED: "see the operator's log for the fault, then ask again",
}
"""What to do about an object about which nothing can be decided."""

StateT = TypeVar("StateT")
"""What the requests of a kind change: a PipelineJob's stages by name."""


class Verbs(Protocol[StateT]):
    """What may be asked of a kind, and what it changes."""

    @property
    def words(self) -> Sequence[str]:
        """The verbs that the kind takes."""
        ...

    def judge(self, spec: InterventionSpec, state: StateT) -> Judgement:
        """What the request would change, and what of it is refused."""
        ...

    def apply(self, request: Intervention, judgement: Judgement, state: StateT) -> StateT:
        """The state after what the judgement allows."""
        ...


@dataclass(frozen=True)
class Requests(Generic[StateT]):
    """All Interventions that aim at one object, and what its kind makes of them."""

    all: Sequence[Intervention]
    """Oldest first, answered ones too."""
    target_uid: str
    verbs: Verbs[StateT]
    refusals: Container[ActionKey] = ()
    """Actions that were refused: the answers among them."""

    def apply(
        self, state: StateT, notes: list[Answered], builder: PlanBuilder, now: datetime
    ) -> tuple[StateT, list[Answered]]:
        """New state and notes after the unanswered requests.

        At most KEPT at once, so that the note of none is dropped before its answer is written.
        Where that is refused the note keeps what was judged: it must not be judged anew later.
        """
        if not self.all:
            return state, notes
        unanswered = [request for request in self.all if request.status.answered is None]
        uids = {request.metadata.uid for request in unanswered}
        noted = {note.uid: _from_note(note) for note in notes if note.uid in uids}
        fresh = [request for request in unanswered if request.metadata.uid not in noted]
        room = KEPT - len(noted)
        if 0 < room < len(fresh):
            builder.wake(now)
        judged = dict(noted)
        for request in fresh[:room]:
            judgement = judged[request.metadata.uid] = self._judge(request.spec, state)
            if judgement.affected:
                state = self.verbs.apply(request, judgement, state)
                builder.events.append(_event(request.spec, judgement))
            if judgement.affected or _answering(request) in self.refusals:
                notes = _last_notes([*notes, _note(request, judgement)], uids)
        asked = (request for request in unanswered if request.metadata.uid in judged)
        builder.afterwards.extend(_answer(r, judged[r.metadata.uid], now) for r in asked)
        builder.afterwards.extend(self._old())
        return state, notes

    def _judge(self, spec: InterventionSpec, state: StateT) -> Judgement:
        if spec.target.uid and spec.target.uid != self.target_uid:
            return refused_whole(TARGET_REPLACED)
        if spec.verb not in self.verbs.words:
            return refused_whole(UNKNOWN_VERB)
        return self.verbs.judge(spec, state)

    def _old(self) -> Iterator[Delete]:
        answered = [request for request in self.all if request.status.answered is not None]
        for request in answered[:-KEPT]:
            meta = request.metadata
            yield Delete(INTERVENTION.ref(meta.namespace, meta.name, meta.uid))


def refuse_all(requests: Iterable[Intervention], reason: str, now: datetime) -> tuple[Answer, ...]:
    """Answers for requests whose target is not there."""
    judgement = refused_whole(reason)
    unanswered = (request for request in requests if request.status.answered is None)
    return tuple(_answer(request, judgement, now) for request in unanswered)


def refuse_without_decision(
    requests: Iterable[Intervention],
    notes: Iterable[Answered],
    target_uid: str,
    why: "NoDecision",
    now: datetime,
) -> tuple[Answer, ...]:
    """Answers for requests whose target is there, and about which nothing can be decided.

    What is noted was done before that; all else is refused, and may be asked again.
    """
    noted = {note.uid: _from_note(note) for note in notes}
    answers: list[Answer] = []
    for request in requests:
        if request.status.answered is not None:
            continue
        judgement, wanted = noted.get(request.metadata.uid), request.spec.target.uid
        if judgement is not None:
            answers.append(_answer(request, judgement, now))
        elif wanted and wanted != target_uid:
            answers.append(_answer(request, refused_whole(TARGET_REPLACED), now))
        else:
            answers.append(_answer(request, refused_whole(why.reason), now, why.message))
    return tuple(answers)


@dataclass(frozen=True)
class NoDecision:
    """Why nothing can be decided about an object now."""

    reason: Literal["NotUnderstood", "InvalidSpec", "CannotBePlanned"]
    fault: str

    @property
    def message(self) -> str:
        """The fault, and what to do about it."""
        return sentence(f"{self.fault}; {_NEXT[self.reason]}")


def asked_by(spec: InterventionSpec) -> str:
    """Who asked and why, as one line."""
    return sentence(f"{spec.requestedBy or 'a person'}: {spec.reason}".removesuffix(": "))


def _answering(request: Intervention) -> ActionKey:
    return ActionKey("answer", request.metadata.uid)


def _last_notes(notes: list[Answered], unanswered: set[str]) -> list[Answered]:
    """The last KEPT, and of those the ones whose answer is not written before all others."""
    spare = max(0, len(notes) - KEPT)
    old = [note.uid for note in notes if note.uid not in unanswered][:spare]
    return [note for note in notes if note.uid not in old]


def _event(spec: InterventionSpec, judgement: Judgement) -> Event:
    effect = f"{spec.verb} of {', '.join(judgement.affected)}"
    by = spec.requestedBy or "somebody"
    return Event(names.EVENT_INTERVENTION, f"{effect}, asked by {by}")


def _note(request: Intervention, judgement: Judgement) -> Answered:
    refused = ""
    for refusal in judgement.refused:
        longer = f"{refused},{refusal.stage}={refusal.reason}".removeprefix(",")
        if len(longer) > NOTE_LETTERS:
            break
        refused = longer
    return Answered(uid=request.metadata.uid, affected=judgement.count, refused=refused)


def _from_note(note: Answered) -> Judgement:
    pairs = [pair.split("=", 1) for pair in note.refused.split(",") if "=" in pair]
    refused = tuple(RefusedStage(stage=stage, reason=reason) for stage, reason in pairs)
    return Judgement(("",) if note.affected else (), refused, items=note.affected)


def _answer(
    request: Intervention, judgement: Judgement, now: datetime, message: str = ""
) -> Answer:
    affected, refused = judgement.count, list(judgement.refused)
    summary = "Done" if not refused else "PartlyDone" if affected else "Refused"
    status = InterventionStatus(
        answered=now,
        requested=judgement.requested,
        affected=affected,
        refused=refused,
        summary=summary,
        message=message,
    )
    meta = request.metadata
    target = INTERVENTION.ref(meta.namespace, meta.name, meta.uid)
    return Answer(target, status, adopt=not meta.ownerReferences)
