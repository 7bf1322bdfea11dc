"""What does a stage say that has no turn? In the order of `policies/wait_cause.py`."""

from datetime import datetime, timedelta
from typing import Final

from stagework.api import names
from stagework.api.stage_status import StageStatus, States
from stagework.api.stages import Stage
from stagework.plans.pipelinejob import edits
from stagework.plans.pipelinejob.away import deferred_sentence, no_node_sentence
from stagework.plans.pipelinejob.queue_sentence import queue_sentence
from stagework.plans.pipelinejob.snapshot import Snapshot
from stagework.plans.pipelinejob.turns import RunTurn
from stagework.plans.pipelinejob.waking import ask_to_wake
from stagework.plans.plan import PlanBuilder
from stagework.policies.parallelism import AtLimit
from stagework.policies.slots.turn import Queued
from stagework.policies.stage_order import Blocked, Dependencies, may_start
from stagework.policies.wait_cause import Cause, first_cause

SUSPENDED: Final = "the run is suspended: set spec.suspend=false"
"""What a stage says that could start."""


def held_back(
    status: StageStatus,
    stage: Stage,
    snapshot: Snapshot,
    dependencies: Dependencies,
    states: States,
    *,
    turn: RunTurn | None,
    builder: PlanBuilder,
    now: datetime,
) -> StageStatus | None:
    """The stage's status with what it waits for; None: nothing holds it back."""
    verdict = may_start(stage.name, dependencies, states, stage.runsIf)
    pending = verdict.pending if isinstance(verdict, Blocked) else ()
    present = _in_the_way(status, stage, snapshot, pending=pending, turn=turn, now=now)
    match first_cause(present):
        case "Dependency":
            text = f"waits for {', '.join(pending)}"
            return edits.waiting(status, names.WAIT_DEPENDENCY, text)
        case "Approval":
            return edits.waiting(status, names.WAIT_APPROVAL, "waits until somebody approves it")
        case "Suspended":
            return edits.waiting(status, names.WAIT_SUSPENDED, SUSPENDED)
        case "BackOff":
            builder.wake(status.notBeforeTime or now)
            return status if status.reason == names.WAIT_ENDPOINT else edits.backing_off(status)
        case "Machine":
            return _without_node(status, stage, snapshot, builder, now)
        case "Parallelism" | "Slot":
            return _without_turn(status, stage, snapshot, turn)
        case None:
            return None


def _in_the_way(
    status: StageStatus,
    stage: Stage,
    snapshot: Snapshot,
    *,
    pending: tuple[str, ...],
    turn: RunTurn | None,
    now: datetime,
) -> list[Cause]:
    """All that is in its way now. Without an answer of the slot ledger no class has a node for it,
    or it was not asked for, because of something else.
    """
    seen: dict[Cause, bool] = {
        "Dependency": bool(pending),
        "Approval": stage.approval and status.approval is None,
        "Suspended": snapshot.run.spec.suspend,
        "BackOff": status.notBeforeTime is not None and now < status.notBeforeTime,
        "Machine": turn is None,
        "Parallelism": isinstance(turn, AtLimit),
        "Slot": isinstance(turn, Queued),
    }
    return [cause for cause, is_there in seen.items() if is_there]


def _without_node(
    status: StageStatus, stage: Stage, snapshot: Snapshot, builder: PlanBuilder, now: datetime
) -> StageStatus:
    classes, since = _classes(snapshot, stage), status.waitingSince or now
    fallback = stage.fallbackAfterSeconds
    until = since + timedelta(seconds=fallback) if fallback is not None else None
    if until is not None and until > now:
        builder.wake(until)
    counted = classes if until is not None and until <= now else classes[:1]
    home = snapshot.settings.fleet.find(counted[0])
    if home is not None and home.mayBeAway:
        message = deferred_sentence(snapshot, classes, counted, until)
        asked = ask_to_wake(status, home, since, snapshot, builder=builder, now=now)
        return edits.machine_away(status, f"{message}{asked}", since)
    return edits.waiting(status, names.WAIT_NO_NODE, no_node_sentence(snapshot, counted), since)


def _without_turn(
    status: StageStatus, stage: Stage, snapshot: Snapshot, turn: RunTurn | None
) -> StageStatus:
    match turn:
        case AtLimit(limit, at_work):
            text = f"parallelism {limit} is used up by {', '.join(at_work)}"
            return edits.waiting(status, names.WAIT_PARALLELISM, text)
        case Queued():
            home = _classes(snapshot, stage)[0]
            # While its first class is away, its time in the next one's queue counts on.
            since = status.waitingSince if not snapshot.slots.get(home) else None
            return edits.waiting(status, names.WAIT_SLOT, queue_sentence(turn), since)
        case _:
            return status


def _classes(snapshot: Snapshot, stage: Stage) -> tuple[str, ...]:
    return snapshot.settings.fleet.classes_of(stage.name, tuple(stage.runsOn))
