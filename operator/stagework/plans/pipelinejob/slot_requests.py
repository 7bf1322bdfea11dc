"""Which slots does a run hold, and which does it want? From its settled stages."""

from collections.abc import Mapping
from datetime import datetime

from stagework.api import names
from stagework.api.base import format_time
from stagework.api.pipelinejob import StageStatus
from stagework.api.stages import Stage
from stagework.plans.pipelinejob.children import Copy
from stagework.plans.pipelinejob.run_status import ENDED
from stagework.plans.pipelinejob.snapshot import Resolved, Snapshot
from stagework.policies.placement import Place, eligible
from stagework.policies.slots import Claim, Order
from stagework.policies.stage_order import Ready, may_start


def claims_of(
    snapshot: Snapshot,
    resolved: Resolved,
    states: Mapping[str, StageStatus],
    copies: Mapping[str, Copy],
    now: datetime,
) -> list[Claim]:
    """One claim for every stage that runs, or that could start now."""
    begun = any(each.state != "Waiting" or each.attempt > 1 for each in states.values())
    found: list[Claim] = []
    for index, stage in enumerate(resolved.stages):
        status, copy = states[stage.name], copies[stage.name]
        if status.state in ENDED:
            continue
        if copy.lifted or status.pod:
            if status.state in {"Starting", "Running"}:
                order = _order(snapshot, index, begun=begun)
                found.append(_holding(snapshot, status, copy, order))
            continue
        if not _due(snapshot, resolved, status, states, now):
            continue
        place = _place(snapshot, stage, status, now)
        if isinstance(place, Place):
            order = _order(snapshot, index, begun=begun)
            found.append(Claim(stage.name, place.classes, order))
    return found


def _due(
    snapshot: Snapshot,
    resolved: Resolved,
    status: StageStatus,
    states: Mapping[str, StageStatus],
    now: datetime,
) -> bool:
    if status.state not in {"Waiting", "Starting"} or status.stopping is not None:
        return False
    if snapshot.run.spec.suspend:
        return False
    if status.notBeforeTime is not None and now < status.notBeforeTime:
        return False
    if status.reason in {names.WAIT_RESULT, names.WAIT_POD_LOST}:
        return False
    return isinstance(may_start(status.name, resolved.dependencies, states), Ready)


def _place(snapshot: Snapshot, stage: Stage, status: StageStatus, now: datetime) -> object:
    classes = snapshot.settings.fleet.classes_of(stage.name, tuple(stage.runsOn))
    return eligible(classes, snapshot.slots, stage.fallbackAfterSeconds, status.waitingSince, now)


def _holding(snapshot: Snapshot, status: StageStatus, copy: Copy, order: Order) -> Claim:
    labels = copy.pod.metadata.labels if copy.pod is not None else {}
    machine = labels.get(names.LABEL_MACHINE) or status.machine
    node_name = copy.pod.spec.node_name if copy.pod is not None else status.node
    node = snapshot.nodes.get(node_name)
    away = node_name != "" and (node is None or not node.ready)
    return Claim(status.name, (machine,), order, holds=machine, free=away)


def _order(snapshot: Snapshot, index: int, *, begun: bool) -> Order:
    meta, spec = snapshot.run.metadata, snapshot.run.spec
    created = format_time(meta.creationTimestamp)
    return (-spec.priority, 0 if begun else 1, created, meta.uid, index)
