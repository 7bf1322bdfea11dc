"""Why does a Pod whose turn has come not run yet? One reason and one sentence for people."""

from dataclasses import dataclass
from datetime import datetime

from stagework.api import names
from stagework.api.observed import PodView


@dataclass(frozen=True)
class Pending:
    """It is being placed or prepared; `reason` is Kubernetes' own word."""

    reason: str
    message: str


@dataclass(frozen=True)
class Started:
    """Its container runs, or ran."""

    since: datetime | None


def progress(pod: PodView) -> Pending | Started:
    """Judge by the first that applies: container state, gates of others, scheduling, node."""
    state = pod.container(names.STAGE_CONTAINER)
    if state is not None and state.running is not None:
        return Started(state.running.started_at)
    if state is not None and state.terminated is not None:
        return Started(state.terminated.started_at)
    if state is not None and state.waiting is not None and state.waiting.reason:
        return Pending(state.waiting.reason, state.waiting.message)
    others = [g.name for g in pod.spec.scheduling_gates if g.name != names.SCHEDULING_GATE]
    if others:
        return Pending(names.WAIT_HELD_BY_OTHERS, f"held by the scheduling gate {others[0]}")
    scheduled = pod.condition("PodScheduled")
    if scheduled is not None and scheduled.status == "False":
        return Pending(scheduled.reason or "Unschedulable", scheduled.message)
    if pod.spec.node_name:
        return Pending("ContainerCreating", f"on node {pod.spec.node_name}")
    return Pending("Scheduling", "waits for the scheduler")
