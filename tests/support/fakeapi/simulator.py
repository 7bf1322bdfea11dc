"""A cluster in memory behind the fake API server: Job controller, scheduler, kubelets, GC."""

from dataclasses import dataclass
from functools import partial
from typing import Self

from tests.support.fakeapi.agenda import Agenda
from tests.support.fakeapi.garbage import GarbageCollector
from tests.support.fakeapi.invariants import InvariantChecker
from tests.support.fakeapi.jobs import JobController
from tests.support.fakeapi.kubelet import Behave, Behaviour, Kubelets
from tests.support.fakeapi.resources import NODES, PODS, Json, items
from tests.support.fakeapi.scheduler import Scheduler
from tests.support.fakeapi.store import Change, Key, Store


@dataclass(frozen=True, slots=True)
class Delays:
    """How long the components take, in seconds; all 0 for benches of the operator."""

    create: float = 0.0
    """From a Job to its Pod."""
    schedule: float = 0.0
    """From a Pod without gates to its node."""
    start: float = 0.0
    """From the node to the running container."""
    end: float = 0.0
    """From the Pod's end to the Job's last condition."""
    collect: float = 0.0
    """Garbage collection of dependents."""
    pod_gc: float = 0.0
    """Pod GC: Pods of deleted nodes, and unscheduled Pods that are being deleted."""


def succeed(_pod: Json) -> Behaviour:
    """Every stage succeeds at once with a valid mark."""
    return Behaviour()


class Simulator:
    """Runs the Jobs of a store. Make it within a running loop; `async with` it or `close` it."""

    def __init__(
        self, store: Store, *, behave: Behave = succeed, delays: Delays | None = None
    ) -> None:
        wait = self.delays = delays or Delays()
        self.store = store
        self.invariants = InvariantChecker()
        self.agenda = Agenda()
        self.kubelets = Kubelets(
            store, self.agenda, self.invariants, behave, start_seconds=wait.start
        )
        jobs = self.jobs = JobController(
            store, self.agenda, create_seconds=wait.create, end_seconds=wait.end
        )
        collector = GarbageCollector(store, self.agenda, seconds=wait.collect)
        scheduler = Scheduler(store, self.agenda, seconds=wait.schedule)
        self._listeners = [
            collector.on_change,
            jobs.on_change,
            scheduler.on_change,
            self.kubelets.on_change,
            self._pod_gc,
        ]
        store.listeners += self._listeners

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Everything in the cluster stands still."""
        self.agenda.close()
        for listener in self._listeners:
            self.store.listeners.remove(listener)
        self._listeners = []

    def add_node(self, name: str, labels: dict[str, str], *, ready: bool = True) -> None:
        """A node with its kubelet."""
        self.store.create(NODES, "", {"metadata": {"name": name, "labels": labels}, "spec": {}})
        self.set_ready(name, ready=ready)

    def add_machines(self, **counts: int) -> None:
        """Nodes `<class>-1`... of machine classes, such as `gpu=1, macmini=2`."""
        for machine, count in counts.items():
            for number in range(1, count + 1):
                self.add_node(f"{machine}-{number}", {"stagework.dev/machine": machine})

    def set_ready(self, name: str, *, ready: bool) -> None:
        """A node that is not ready: its Pods' reports wait until it is back (a closed lid)."""
        now = self.store.now()
        condition = {
            "type": "Ready",
            "status": "True" if ready else "Unknown",
            "reason": "KubeletReady" if ready else "NodeStatusUnknown",
            "lastHeartbeatTime": now,
            "lastTransitionTime": now,
        }
        self.store.patch(NODES, "", name, {"status": {"conditions": [condition]}})

    def evict(self, namespace: str, pod: str, reason: str = "EvictionByEvictionAPI") -> None:
        """Drain, preemption, taint: the disruption condition, then the deletion."""
        stored = self.store.get(PODS, namespace, pod)
        condition = {"type": "DisruptionTarget", "status": "True", "reason": reason}
        known = [*items(stored.data["status"], "conditions"), condition]
        self.store.patch(PODS, namespace, pod, {"status": {"conditions": known}})
        self.store.delete(PODS, namespace, pod)

    def _pod_gc(self, change: Change) -> None:
        later = self.agenda.later
        if change.resource is NODES and change.new is None:
            for pod in self.store.list(PODS):
                if pod.data["spec"].get("nodeName") == change.last.meta["name"]:
                    later(self.delays.pod_gc, partial(self._fail_and_delete, pod.key))
        elif (
            change.resource is PODS
            and change.new is not None
            and "deletionTimestamp" in change.new.meta
            and not change.new.data["spec"].get("nodeName")
            and change.new.data["status"]["phase"] == "Pending"
        ):
            later(self.delays.pod_gc, partial(self._fail_and_delete, change.last.key))

    def _fail_and_delete(self, key: Key) -> None:
        stored = self.store.get(PODS, *key)
        if stored.data["status"]["phase"] in {"Pending", "Running"}:
            target = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC"}
            known = [*items(stored.data["status"], "conditions"), target]
            change = {"status": {"phase": "Failed", "conditions": known}}
            self.store.patch(PODS, *key, change)
        self.store.delete(PODS, *key, {"gracePeriodSeconds": 0})
