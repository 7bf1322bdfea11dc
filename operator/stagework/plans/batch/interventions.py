"""What people ask of a batch: Reprocess and Stop; what each would change, and the change.

The rules are policies. Which items a Reprocess runs again only the API service can say: it is asked
first, one request at a time, and the request is judged by its answer.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from stagework.api import kinds
from stagework.api.answered import Answered
from stagework.api.intervention import Intervention, InterventionSpec
from stagework.api.judgement import Judgement, refused_whole
from stagework.api.kinds import BATCH
from stagework.api.text import cut
from stagework.plans.batch.asking import Asking
from stagework.plans.batch.progress import Progress
from stagework.plans.batch.snapshot import BatchSnapshot, Selected, SelectQuestion
from stagework.plans.interventions import Requests, asked_by
from stagework.plans.plan import PlanBuilder
from stagework.policies.handled_items import waiting_rounds
from stagework.policies.reprocess import (
    NOT_FROZEN,
    ROUNDS_WAITING,
    STOP_FOLLOWS,
    TOO_MANY_ROUNDS,
    judge_reprocess,
    judge_stop,
)

_STOPPED_BYTES = 256


def carried_out(
    snapshot: BatchSnapshot,
    progress: Progress,
    asking: Asking,
    builder: PlanBuilder,
    now: datetime,
) -> tuple[Progress, list[Answered]]:
    """After what people ask for, and what is noted of that."""
    meta, notes = snapshot.batch.metadata, progress.status.answered
    if not snapshot.interventions:
        return progress, notes
    judged, chosen = _to_judge(snapshot, progress, asking)
    verbs = BatchVerbs(chosen)
    requests = Requests(judged, meta.uid, verbs, snapshot.refusals)
    return requests.apply(progress, notes, builder, now)


class Chosen(NamedTuple):
    """The items of the one Reprocess that is judged now."""

    of: InterventionSpec
    items: Selected


@dataclass(frozen=True)
class BatchVerbs:
    """What may be asked of a Batch; see `stagework.plans.interventions.Verbs`."""

    chosen: Chosen | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """The verbs."""
        return BATCH.verbs

    def judge(self, spec: InterventionSpec, state: Progress) -> Judgement:
        """What the request would change, and what of it is refused."""
        if spec.verb == kinds.STOP:
            return judge_stop(active=not (state.status.ended or state.status.stopping))
        if state.status.manifest is None:
            return refused_whole(NOT_FROZEN)
        if len(state.status.waitingRounds) >= ROUNDS_WAITING:
            return refused_whole(TOO_MANY_ROUNDS)
        if self.chosen is None or self.chosen.of is not spec:
            return refused_whole(STOP_FOLLOWS)
        return judge_reprocess(self.chosen.items.count, self.chosen.items.unknown)

    def apply(self, request: Intervention, judgement: Judgement, state: Progress) -> Progress:
        """The batch after what was asked."""
        if request.spec.verb == kinds.STOP:
            return _stopped(state, request.spec)
        return _with_round(state, judgement.count)


def next_round(progress: Progress) -> int:
    """The number of a round that is made now."""
    numbers = [number for number, _ in waiting_rounds(progress.status)]
    return max(progress.status.round, *numbers) + 1 if numbers else progress.status.round + 1


def is_at_rest(progress: Progress) -> bool:
    """Nothing of it runs or waits."""
    return progress.status.ended and not progress.open and not progress.pieces


def _to_judge(
    snapshot: BatchSnapshot, progress: Progress, asking: Asking
) -> tuple[Sequence[Intervention], "Chosen | None"]:
    """The requests that can be judged now, and what the first Reprocess among them is about.

    A Reprocess waits until a Stop before it is over: what never ended can be chosen then, and its
    round would be begun by nobody before. A Stop waits for no Reprocess: one before it of which the
    items are not known yet is over with it.
    """
    noted = {note.uid for note in progress.status.answered}
    new = [r for r in snapshot.interventions if _is_new(r, noted) and _is_about(r, snapshot)]
    asked = [r for r in new if r.spec.verb == kinds.REPROCESS]
    if progress.status.manifest is None or not asked:
        return snapshot.interventions, None
    stops = [place for place, request in enumerate(new) if request.spec.verb == kinds.STOP]
    before = new[: stops[-1]] if stops else []
    chosen: Chosen | None = None
    if not progress.status.stopping and (asked[0] in before or not stops):
        selected = _selected(asked[0], progress, asking)
        chosen = Chosen(asked[0].spec, selected) if selected is not None else None
    waiting = [r for r in asked if r not in before and (chosen is None or r.spec is not chosen.of)]
    return [r for r in snapshot.interventions if r not in waiting], chosen


def _is_new(request: Intervention, noted: Container[str]) -> bool:
    return request.status.answered is None and request.metadata.uid not in noted


def _is_about(request: Intervention, snapshot: BatchSnapshot) -> bool:
    return request.spec.target.uid in {"", snapshot.batch.metadata.uid}


def _selected(request: Intervention, progress: Progress, asking: Asking) -> Selected | None:
    given = request.spec.select
    question = SelectQuestion(
        next_round(progress),
        request.metadata.uid,
        states=tuple(given.states or ()) if given is not None else ("Failed",),
        ids=tuple(given.ids or ()) if given is not None else (),
        all_but=given.allBut or "" if given is not None else "",
        at_rest=is_at_rest(progress),
    )
    answer = asking.ask(question)
    return answer if isinstance(answer, Selected) else None


def _stopped(state: Progress, spec: InterventionSpec) -> Progress:
    """Nothing further is begun; what is in flight is ended."""
    status = state.status
    status = status.evolve(
        stopped=cut(asked_by(spec), _STOPPED_BYTES),
        stopping=True,
        nextPosition=status.roundTotal,
        waitingRounds=[],
    )
    return replace(state, status=status, pieces=())


def _with_round(state: Progress, count: int) -> Progress:
    """One round more; it begins at once where nothing else runs or waits."""
    status, number = state.status, next_round(state)
    status = status.evolve(
        waitingRounds=[*status.waitingRounds, f"{number}:{count}"],
        failedBefore=status.failed,
        completionTime=None,
        conditions=[],
    )
    return state.within(status)
