"""What people ask of a batch: Reprocess and Stop; what each would change, and the change.

The rules are policies. Which items a Reprocess runs again only the API service can say: it is asked
first, one request at a time, and the request is judged by its answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

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
    judged, selected = _to_judge(snapshot, progress, asking)
    verbs = BatchVerbs(selected)
    requests = Requests(judged, meta.uid, verbs, snapshot.refusals)
    return requests.apply(progress, notes, builder, now)


@dataclass(frozen=True)
class BatchVerbs:
    """What may be asked of a Batch; see `stagework.plans.interventions.Verbs`."""

    selected: Selected | None = None
    """Of the one Reprocess that is judged now."""

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
        if self.selected is None:
            return judge_reprocess(0, ())
        return judge_reprocess(self.selected.count, self.selected.unknown)

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
) -> tuple[Sequence[Intervention], Selected | None]:
    """The requests that can be judged now, and what the first Reprocess among them is about."""
    noted = {note.uid for note in progress.status.answered}
    ready: list[Intervention] = []
    selected: Selected | None = None
    is_taken = False
    for request in snapshot.interventions:
        is_new = request.status.answered is None and request.metadata.uid not in noted
        wanted = is_new and request.spec.verb == kinds.REPROCESS and _is_about(request, snapshot)
        if not wanted or progress.status.manifest is None:
            ready.append(request)
        elif not is_taken and not progress.status.stopping:
            is_taken = True
            selected = _selected(request, progress, asking)
            if selected is not None:
                ready.append(request)
    return ready, selected


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
