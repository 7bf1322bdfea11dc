"""When is a machine that may be away asked to wake, for a stage that waits for it?

Once for each deferral, and of the same class never more often than its pause allows: what was
answered meanwhile to another stage stands for this one too. A machine that is ready and takes
nothing (it is cordoned) does not sleep, and is not asked.
"""

from collections.abc import Iterable
from datetime import datetime

from stagework.api.machines import MachineClass, WakeHook
from stagework.api.observed import NodeView


def hook_of(machine: MachineClass, nodes: Iterable[NodeView]) -> WakeHook | None:
    """Whom to ask for a class of which no node takes anything; None: nobody."""
    is_awake = any(node.ready and node.carries(machine.nodeSelector) for node in nodes)
    return None if is_awake else machine.wakeHook


def ask_at(since: datetime, asked_at: datetime | None, hook: WakeHook) -> datetime | None:
    """From when on to ask for what is deferred `since` then; None: it was asked for already.

    `asked_at`: when the class was asked last, for whatever stage.
    """
    if asked_at is None:
        return since
    return None if asked_at >= since else max(since, asked_at + hook.pause)
