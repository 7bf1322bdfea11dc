"""Was the machine that a deferred stage waits for asked to wake? And if not, is it asked now?"""

from datetime import datetime
from typing import Final

from stagework.api import names
from stagework.api.base import format_time
from stagework.api.machines import MachineClass
from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob.snapshot import Snapshot, WakeQuestion
from stagework.plans.plan import Event, PlanBuilder
from stagework.policies.wake_hook import ask_at, hook_of

_ASKED: Final = "; asked to wake at "


def ask_to_wake(
    status: StageStatus,
    machine: MachineClass,
    since: datetime,
    snapshot: Snapshot,
    *,
    builder: PlanBuilder,
    now: datetime,
) -> str:
    """What the stage says of it behind its sentence; empty while nothing was answered.

    `status`: as it was. That it was asked for this deferral is an Event too, once.
    """
    hook = hook_of(machine, snapshot.nodes.values())
    if hook is None:
        return ""
    question = WakeQuestion(machine.key, since)
    answer = snapshot.wakes.get(question)
    due = ask_at(since, answer.at if answer is not None else None, hook)
    if due is not None and now >= due:
        builder.questions.append(question)
    elif due is not None:
        builder.wake(due)
    if answer is None:
        # What the operator before this one has heard stands until this one has.
        _, asked, said = status.message.partition(_ASKED)
        return f"{asked}{said}" if status.deferred else ""
    asked = f"{_ASKED}{format_time(answer.at)}: {answer.said}"
    if answer.at >= since and asked not in status.message:
        text = f"stage {status.name}: class {machine.key} was asked to wake: {answer.said}"
        builder.events.append(Event(names.EVENT_WAKE_ASKED, text))
    return asked
