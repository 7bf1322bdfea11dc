"""Is the machine of a stage away: asleep, or out of reach, and of a class where that is usual?

Then nothing about the stage is decided by time: its clocks stand still, and nothing is taken for
dead, for a process that is frozen wakes up again.
"""

from datetime import datetime

from stagework.api import names
from stagework.api.base import format_time
from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob.snapshot import Snapshot
from stagework.policies.absent_nodes import why_none

_NO_NODE = frozenset({names.WAIT_NO_NODE, names.WAIT_MACHINE_AWAY})


def is_away(snapshot: Snapshot, status: StageStatus, node: str = "") -> bool:
    """Whether the machine on which it has begun is away; `node`: where its Pod is now."""
    machine = snapshot.settings.fleet.find(status.machine)
    if machine is None or not machine.mayBeAway:
        return False
    name = node or status.node
    if name:
        known = snapshot.nodes.get(name)
        return known is None or not known.ready
    return snapshot.slots.get(machine.key, 0) == 0


def is_held_up(snapshot: Snapshot, status: StageStatus, runs_on: tuple[str, ...]) -> bool:
    """Whether it is held up by a machine that is away, before its turn or behind it."""
    if status.active:
        return is_away(snapshot, status)
    if not status.waiting or status.reason not in _NO_NODE:
        return False
    fleet = snapshot.settings.fleet
    home = fleet.find(fleet.classes_of(status.name, runs_on)[0])
    return home is not None and home.mayBeAway


def away_sentence(snapshot: Snapshot, status: StageStatus, node: str) -> str:
    """What an `Away` stage says."""
    if snapshot.nodes.get(node) is not None:
        what = f"{node} is not ready"
    elif node:
        what = f"{node} is not there"
    else:
        what = no_node_sentence(snapshot, (status.machine,))
    return f"{what}; its clocks stand still, and it goes on when the machine is back"


def deferred_sentence(
    snapshot: Snapshot, classes: tuple[str, ...], counted: tuple[str, ...], until: datetime | None
) -> str:
    """What a stage says that waits for a machine which may be away; `counted`: classes that would
    do now, `until`: from when on the others of `classes` do.
    """
    missing, others = no_node_sentence(snapshot, counted), classes[len(counted) :]
    if until is None or not others:
        return f"{missing}; until one is back"
    return f"{missing}; until {format_time(until)}, then {' or '.join(others)} will do too"


def no_node_sentence(snapshot: Snapshot, classes: tuple[str, ...]) -> str:
    """That no node of these takes Pods, and why, as far as nodes carry their labels."""
    found = (snapshot.settings.fleet.find(key) for key in classes)
    whys = (why_none(machine, snapshot.nodes.values()) for machine in found if machine is not None)
    message = f"no ready node of class {' or '.join(classes)}: {', '.join(filter(None, whys))}"
    return message.removesuffix(": ")
