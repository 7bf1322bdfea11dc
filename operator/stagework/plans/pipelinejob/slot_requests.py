"""Which slots does a run hold, and which does it want? From its observed stages."""

from collections.abc import Mapping
from datetime import datetime

from stagework.api import names
from stagework.api.base import format_time
from stagework.api.stage_status import StageStatus, States
from stagework.api.stages import Stage
from stagework.plans.pipelinejob.children import AttemptObjects
from stagework.plans.pipelinejob.snapshot import Resolved, Snapshot
from stagework.policies.placement import Place, eligible
from stagework.policies.slots import Order, SlotRequest
from stagework.policies.stage_order import Ready, may_start


def slot_requests(
    snapshot: Snapshot,
    resolved: Resolved,
    states: States,
    objects: Mapping[str, AttemptObjects],
    now: datetime,
) -> list[SlotRequest]:
    """One for every stage that runs, or that could start now."""
    begun = any(not stage.waiting or stage.attempt > 1 for stage in states.values())
    requests: list[SlotRequest] = []
    for index, stage in enumerate(resolved.stages):
        status, own = states[stage.name], objects[stage.name]
        if status.ended:
            continue
        if status.pod or own.ungated:
            if status.active:
                order = _order(snapshot, index, begun=begun)
                requests.append(_held(snapshot, status, own, order))
            continue
        if not _due(snapshot, resolved, status, states, now):
            continue
        place = _place(snapshot, stage, status, now)
        if isinstance(place, Place):
            order = _order(snapshot, index, begun=begun)
            requests.append(SlotRequest(stage.name, place.classes, order))
    return requests


def _due(
    snapshot: Snapshot,
    resolved: Resolved,
    status: StageStatus,
    states: States,
    now: datetime,
) -> bool:
    if status.state == names.STAGE_RUNNING or status.stopping is not None:
        return False
    if snapshot.run.spec.suspend:
        return False
    if status.notBeforeTime is not None and now < status.notBeforeTime:
        return False
    if status.pod_missed:
        return False
    return isinstance(may_start(status.name, resolved.dependencies, states), Ready)


def _place(snapshot: Snapshot, stage: Stage, status: StageStatus, now: datetime) -> object:
    classes = snapshot.settings.fleet.classes_of(stage.name, tuple(stage.runsOn))
    return eligible(classes, snapshot.slots, stage.fallbackAfterSeconds, status.waitingSince, now)


def _held(
    snapshot: Snapshot, status: StageStatus, own: AttemptObjects, order: Order
) -> SlotRequest:
    labels = own.pod.metadata.labels if own.pod is not None else {}
    machine = labels.get(names.LABEL_MACHINE) or status.machine
    node_name = own.pod.spec.node_name if own.pod is not None else status.node
    node = snapshot.nodes.get(node_name)
    away = node_name != "" and (node is None or not node.ready)
    return SlotRequest(status.name, (machine,), order, holds=machine, free=away)


def _order(snapshot: Snapshot, index: int, *, begun: bool) -> Order:
    meta, spec = snapshot.run.metadata, snapshot.run.spec
    created = format_time(meta.creationTimestamp)
    return (-spec.priority, 0 if begun else 1, created, meta.uid, index)
