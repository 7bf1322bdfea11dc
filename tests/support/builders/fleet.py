"""Machine classes and nodes."""

from typing import Any

from stagework.api.machines import Fleet, MachineClass, Toleration
from stagework.api.names import TAINT_OUT_OF_SERVICE
from stagework.api.observed import (
    NodeCondition,
    NodeInfo,
    NodeSpec,
    NodeStatus,
    NodeView,
    ObjectMeta,
    Taint,
)
from stagework.policies.slots.request import Order
from tests.support.builders.runs import NAMESPACE

GPU = MachineClass(
    key="gpu",
    label="GPU server",
    nodeSelector={"stagework.dev/machine": "gpu"},
    tolerations=(Toleration(key="nvidia.com/gpu", operator="Exists", effect="NoSchedule"),),
    resources={"nvidia.com/gpu": "1"},
)
MACMINI = MachineClass(key="macmini", nodeSelector={"stagework.dev/machine": "macmini"})
MACBOOK = MachineClass(
    key="macbook", nodeSelector={"stagework.dev/machine": "macbook"}, mayBeAway=True
)


def make_fleet(*classes: MachineClass, **changes: Any) -> Fleet:
    """The three classes of the dev cluster, or those given."""
    return Fleet(machineClasses=classes or (GPU, MACMINI, MACBOOK), **changes)


def make_node(
    name: str = "gpu-0",
    machine: str = "gpu",
    *,
    uid: str = "",
    ready: bool = True,
    cordoned: bool = False,
    labels: dict[str, str] | None = None,
    transition: str = "",
    heartbeat: str = "",
    boot: str = "",
    out_of_service: bool = False,
) -> NodeView:
    """A node of a class."""
    own = {"stagework.dev/machine": machine, "kubernetes.io/hostname": name}
    status = "True" if ready else "Unknown"
    return NodeView(
        metadata=ObjectMeta(
            name=name, uid=uid or f"node-{name}", labels=own if labels is None else labels
        ),
        spec=NodeSpec(
            unschedulable=cordoned,
            taints=(Taint(TAINT_OUT_OF_SERVICE, "NoExecute"),) if out_of_service else (),
        ),
        status=NodeStatus(
            conditions=(
                NodeCondition(
                    "Ready",
                    status,
                    last_transition_time=transition,
                    last_heartbeat_time=heartbeat,
                ),
            ),
            node_info=NodeInfo(boot_id=boot),
        ),
    )


def make_order(
    run: str = "other",
    *,
    namespace: str = NAMESPACE,
    priority: int = 0,
    begun: bool = False,
    created: str = "2026",
    position: int = 0,
    batch: str = "",
) -> Order:
    """Where a stage of a run stands; the run's uid is its name."""
    return Order(-priority, namespace, not begun, created, run, run, position, batch)
