"""Which slots does a run hold, and which does it want? From its observed stages, or its records."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from stagework.api import names
from stagework.api.base import Metadata, format_time
from stagework.api.kinds import BATCH
from stagework.api.machines import Fleet
from stagework.api.observed import NodeView, PodView
from stagework.api.stage_status import StageStatus, States
from stagework.api.stages import Stage
from stagework.plans.pipelinejob.children import AttemptObjects
from stagework.plans.pipelinejob.refused_stages import is_put_off, tries_without_slot
from stagework.plans.pipelinejob.snapshot import Resolved, Snapshot
from stagework.policies.placement import Place, class_of, eligible
from stagework.policies.slots.request import Order, SlotRequest
from stagework.policies.stage_order import Ready, may_start


def slot_requests(
    snapshot: Snapshot,
    resolved: Resolved,
    states: States,
    objects: Mapping[str, AttemptObjects],
    now: datetime,
) -> list[SlotRequest]:
    """One for every stage that has its turn, or that could start now.

    1. A chosen Pod that is out holds a slot, and so does one that is lost and may still run. One
       whose gate is still on wants one of its class: its grant is a lease as long as nothing runs.
    2. A stage that is stuck without a Pod keeps its turn without a slot: it goes on trying. Once
       its Pod is there, held, it wants a slot like any other. The same is true at once of one whose
       Job or Pod is refused: none is there to work, and none will come.
    3. What may start wants one, unless the run is suspended, or its status cannot be written.
    """
    begun = any(not stage.waiting or stage.attempt > 1 for stage in states.values())
    requests: list[SlotRequest] = []
    for position, stage in enumerate(resolved.stages):
        status, own = states[stage.name], objects[stage.name]
        if status.ended:
            continue
        order = _order(snapshot, position, begun=begun)
        if status.pod:
            requests.extend(_of_chosen(snapshot, status, own, order))
        elif is_put_off(snapshot) or not _due(snapshot, resolved, stage, states, now):
            continue
        elif tries_without_slot(snapshot, status, own):
            requests.append(_tried_on(snapshot, stage, status, order))
        elif isinstance(place := _place(snapshot, stage, status, now), Place):
            requests.append(SlotRequest(stage.name, place.classes, order))
    return requests


@dataclass(frozen=True)
class PodRecord:
    """What a status says of a Pod that it has recorded."""

    stage: str
    pod: str
    """Its uid."""
    machine: str
    turn: datetime | None


def held_by_records(
    records: Iterable[PodRecord],
    pods: Iterable[PodView],
    nodes: Mapping[str, NodeView],
    fleet: Fleet,
    order: Order,
) -> list[SlotRequest]:
    """What a run holds that cannot be evaluated: by its recorded Pods that are out.

    A Pod that only says to belong to the run takes nothing.
    """
    known = {pod.metadata.uid: pod for pod in pods}
    return [
        _holding(
            record, machine, _away_on(pod.spec.node_name, nodes), order._replace(position=position)
        )
        for position, record in enumerate(records)
        if (pod := known.get(record.pod)) is not None and is_out(pod)
        for machine in (_known_class(fleet, record.machine, nodes.get(pod.spec.node_name)),)
    ]


def held_by_leaving(
    pods: Iterable[PodView], nodes: Mapping[str, NodeView], fleet: Fleet, order: Order
) -> list[SlotRequest]:
    """What Pods hold that are being ended, and of whose run nothing is left: by their nodes."""
    placed = [(pod, node) for pod in pods if (node := nodes.get(pod.spec.node_name)) is not None]
    return [
        _holding(
            PodRecord(stage, pod.metadata.uid, machine, None),
            machine,
            _away_on(pod.spec.node_name, nodes),
            order._replace(position=position),
        )
        for position, (pod, node) in enumerate(placed)
        if is_out(pod) and (machine := class_of(fleet, node))
        for stage in (pod.metadata.labels.get(names.LABEL_STAGE, ""),)
    ]


def _holding(record: PodRecord, machine: str, away_on: str, order: Order) -> SlotRequest:
    """What a Pod holds that is out: a slot of that class, unless its node takes no Pods."""
    return SlotRequest(
        record.stage,
        (machine,),
        order,
        holds=machine,
        free=bool(away_on),
        away_on=away_on,
        since=record.turn,
        pod=record.pod,
    )


def recorded(snapshot: Snapshot) -> list[SlotRequest]:
    """What the run holds by its status and Pods alone: it is being deleted, or has no stages."""
    return held_by_records(
        records_of(snapshot.run.status.stages),
        snapshot.pods,
        snapshot.nodes,
        snapshot.settings.fleet,
        _order(snapshot, 0, begun=True),
    )


def records_of(stages: Iterable[StageStatus]) -> Iterator[PodRecord]:
    """The Pods that a status has recorded."""
    for stage in stages:
        if stage.pod:
            yield _record_of(stage)


def _record_of(status: StageStatus) -> PodRecord:
    return PodRecord(status.name, status.pod, status.machine, status.turnTime)


def is_out(pod: PodView) -> bool:
    """Whether a Pod has left our gate and its stage may still work."""
    if pod.held_by(names.SCHEDULING_GATE) or pod.finished:
        return False
    state = pod.container(names.STAGE_CONTAINER)
    return state is None or state.terminated is None


def _due(
    snapshot: Snapshot,
    resolved: Resolved,
    stage: Stage,
    states: States,
    now: datetime,
) -> bool:
    status = states[stage.name]
    if status.state == names.STAGE_RUNNING or status.stopping is not None:
        return False
    if snapshot.run.spec.suspend:
        return False
    if status.notBeforeTime is not None and now < status.notBeforeTime:
        return False
    if status.pod_missed or status.reason == names.WAIT_GATE_REMOVED:
        return False
    if stage.approval and status.approval is None:
        return False
    above = resolved.dependencies
    return isinstance(may_start(status.name, above, states, stage.runsIf), Ready)


def _tried_on(snapshot: Snapshot, stage: Stage, status: StageStatus, order: Order) -> SlotRequest:
    classes = snapshot.settings.fleet.classes_of(stage.name, tuple(stage.runsOn))
    machine = status.machine or classes[0]
    return SlotRequest(status.name, (machine,), order, holds=machine, free=True)


def _place(snapshot: Snapshot, stage: Stage, status: StageStatus, now: datetime) -> object:
    classes = snapshot.settings.fleet.classes_of(stage.name, tuple(stage.runsOn))
    return eligible(classes, snapshot.slots, stage.fallbackAfterSeconds, status.waitingSince, now)


def _of_chosen(
    snapshot: Snapshot, status: StageStatus, own: AttemptObjects, order: Order
) -> Iterator[SlotRequest]:
    suspended = own.pod is not None and snapshot.run.spec.suspend
    if own.ungated or own.pod is None or (status.stuck and not suspended):
        if status.active:
            yield _held(snapshot, status, own.pod, order)
    elif status.stopping is None and not (is_put_off(snapshot) or snapshot.run.spec.suspend):
        yield SlotRequest(status.name, (status.machine,), order)


def _held(
    snapshot: Snapshot, status: StageStatus, pod: PodView | None, order: Order
) -> SlotRequest:
    node_name = pod.spec.node_name if pod is not None else status.node
    away = _away_on(node_name, snapshot.nodes)
    node = snapshot.nodes.get(node_name)
    machine = _known_class(snapshot.settings.fleet, status.machine, node)
    held = _holding(_record_of(status), machine, away, order)
    return replace(held, free=True, away_on="") if status.stuck else held


def _away_on(node_name: str, nodes: Mapping[str, NodeView]) -> str:
    """The node, where it is known and takes no Pods; what is on it takes no slot."""
    node = nodes.get(node_name)
    return "" if node is not None and node.takes_pods else node_name


def _known_class(fleet: Fleet, machine: str, node: NodeView | None) -> str:
    """As it was recorded; of a class that is not in the settings any more: what its node is now."""
    if fleet.find(machine) is not None or node is None:
        return machine
    return class_of(fleet, node) or machine


def _order(snapshot: Snapshot, position: int, *, begun: bool) -> Order:
    meta, spec = snapshot.run.metadata, snapshot.run.spec
    return Order(
        urgency=-spec.priority,
        namespace=meta.namespace,
        is_new=not begun,
        created=format_time(meta.creationTimestamp),
        run=meta.name,
        uid=meta.uid,
        position=position,
        batch=_batch_of(meta),
    )


def _batch_of(meta: Metadata) -> str:
    """Uid of the Batch whose chunk the run is; nobody but the operator can make it one's."""
    batch = (BATCH.resource.api_version, BATCH.kind)
    owners = (o for o in meta.ownerReferences if o.controller and (o.api_version, o.kind) == batch)
    return next((owner.uid for owner in owners), "")
