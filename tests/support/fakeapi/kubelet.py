"""The kubelets: containers start, end as the script says, and are stopped when deleted."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from tests.support.fakeapi import sidecars
from tests.support.fakeapi.agenda import Action, Agenda
from tests.support.fakeapi.invariants import InvariantChecker
from tests.support.fakeapi.reports import Reports
from tests.support.fakeapi.resources import NODES, PODS, Json, items
from tests.support.fakeapi.scheduler import node_reports
from tests.support.fakeapi.store import Change, Key, Store, Stored


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the container of one Pod does."""

    exit_code: int = 0
    message: str | None = None
    """Termination message; None: a valid completion mark where the exit code is 0."""
    seconds: float = 0.0
    """How long it runs."""
    reason: str = ""
    """Reason of its end, such as OOMKilled; Completed or Error by default."""
    waiting: str = ""
    """It does not start, with this reason, such as ImagePullBackOff."""
    waiting_seconds: float | None = None
    """How long it does not; None: never."""
    stop_seconds: float = 0.0
    """Time from SIGTERM to its end."""
    stop_exit_code: int = 143
    stop_message: str = ""
    keep_seconds: float = 0.0
    """Of a Files stage: how long its outputs are stored after its end."""
    keep_exit_code: int = 0
    """How the container that stores them ends; other than 0: with the message alone."""
    keep_message: str | None = None
    """Its termination message; None: a mark by the stage's exit code."""
    fetch_exit_code: int = 0
    """How the container that brings its inputs ends; other than 0: it never starts."""
    fetch_message: str = ""


Behave = Callable[[Json], Behaviour]


@dataclass(slots=True)
class _Container:
    key: Key
    node: str
    behaviour: Behaviour | None = None
    pod: Json = field(default_factory=Json)
    """As it was when its container was to be started."""
    started: str = ""
    stuck: bool = False
    """It waits, and does not start."""
    stopping: bool = False

    @property
    def stop_seconds(self) -> float:
        return self.behaviour.stop_seconds if self.behaviour is not None else 0.0


class Kubelets:
    """The kubelet of every node. One whose node is not ready does and reports nothing."""

    def __init__(
        self,
        store: Store,
        agenda: Agenda,
        invariants: InvariantChecker,
        behave: Behave,
        *,
        start_seconds: float,
    ) -> None:
        self._store = store
        self._agenda = agenda
        self._invariants = invariants
        self.behave = behave
        self._start_seconds = start_seconds
        self.reports = Reports(store)
        self._containers: dict[str, _Container] = {}
        self._parked: dict[str, list[Action]] = defaultdict(list)
        self._asleep: set[str] = set()  # deleted while they did not report
        self._clock = asyncio.get_running_loop().time

    def on_change(self, change: Change) -> None:
        if change.resource is NODES:
            name = change.last.meta["name"]
            if change.new is None and not node_reports(change.last.data):
                self._asleep.add(name)
            elif change.new is not None and node_reports(change.new.data):
                self._asleep.discard(name)
                for action in self._parked.pop(name, ()):
                    self._agenda.later(0, action)
        elif change.resource is PODS:
            self._note_pod(change)

    def power_off(self, node: str) -> None:
        """The machine is gone, and all processes on it; nobody reports that."""
        for uid, container in tuple(self._containers.items()):
            if container.node == node:
                del self._containers[uid]
                self._invariants.end(uid, self._clock(), 137)

    def _note_pod(self, change: Change) -> None:
        uid, node = change.last.meta["uid"], change.last.data["spec"].get("nodeName")
        known = self._containers.get(uid)
        if change.new is None:
            if known is not None:
                # Deleted by force: the kubelet stops the process when it notices.
                self._later(known.stop_seconds, known, partial(self._vanish, uid))
        elif node and known is None and change.new.data["status"]["phase"] == "Pending":
            known = self._containers[uid] = _Container(change.last.key, node)
            self._later(self._start_seconds, known, partial(self._start, uid))
        deleting = change.new is not None and "deletionTimestamp" in change.new.meta
        if deleting and known is not None and not known.stopping:
            known.stopping = True
            self._later(known.stop_seconds, known, partial(self._stop, uid))

    def _later(self, seconds: float, container: _Container, action: Action) -> None:
        def due() -> None:
            node = self._store.tables[NODES].objects.get(("", container.node))
            silent = container.node in self._asleep if node is None else not node_reports(node.data)
            if silent:
                self._parked[container.node].append(action)
            else:
                action()

        self._agenda.later(seconds, due)

    def _start(self, uid: str) -> None:
        container = self._containers.get(uid)
        if container is None or container.stopping:
            return
        pod = self._store.get(PODS, *container.key)
        behaviour = container.behaviour or self.behave(pod.data)
        container.behaviour, container.pod = behaviour, pod.data
        container.started = now = self.reports.now()
        if behaviour.waiting and not container.stuck:
            container.stuck = True
            state: Json = {"waiting": {"reason": behaviour.waiting, "message": "made up"}}
            self.reports.pod(pod, "Pending", state, startTime=now)
            if behaviour.waiting_seconds is not None:
                self._later(behaviour.waiting_seconds, container, partial(self._start, uid))
            return
        container.stuck = False
        if behaviour.fetch_exit_code:
            del self._containers[uid]
            self.reports.not_fetched(pod, behaviour.fetch_exit_code, behaviour.fetch_message)
            return
        self._invariants.start(pod.data, self._clock())
        self.reports.running(pod, now)
        self._later(behaviour.seconds, container, partial(self._end, uid))

    def _end(self, uid: str) -> None:
        container = self._containers.pop(uid, None)
        if container is None or container.behaviour is None:
            return
        behaviour = container.behaviour
        if sidecars.has_sidecar(container.pod):
            self._end_before_sidecar(uid, container, behaviour)
            return
        message = behaviour.message
        if message is None:
            kept = self.reports.result_and_mark
            message = "" if behaviour.exit_code else kept(container.pod)
        pod = self._pod_of(uid, container)
        if pod is None:  # deleted by force meanwhile: it has ended, and nobody hears of it
            self._invariants.end(uid, self._clock(), behaviour.exit_code)
            return
        self._terminated(pod, container, behaviour.exit_code, message, behaviour.reason)

    def _end_before_sidecar(self, uid: str, container: _Container, behaviour: Behaviour) -> None:
        """Its Pod goes on until the one beside it has stored what it has left."""
        code, message = behaviour.exit_code, behaviour.message or ""
        self._invariants.end(uid, self._clock(), code)
        pod = self._pod_of(uid, container)
        if pod is None:
            return
        self._containers[uid] = container
        ended = self.reports.ended(pod, container.started, code, message, behaviour.reason)
        self.reports.pod(pod, "Running", ended, initContainerStatuses=sidecars.at_work())
        self._later(behaviour.keep_seconds, container, partial(self._kept, uid, behaviour))

    def _kept(self, uid: str, did: Behaviour) -> None:
        container = self._containers.pop(uid, None)
        pod = self._pod_of(uid, container) if container is not None else None
        if pod is not None:
            self.reports.kept(pod, did.exit_code, did.keep_exit_code, did.keep_message)

    def _stop(self, uid: str) -> None:
        container = self._containers.pop(uid, None)
        if container is not None:
            pod, did = self._pod_of(uid, container), container.behaviour
            if pod is None:  # deleted by force meanwhile
                self._invariants.end(uid, self._clock(), 137)
            elif did is not None and _stage_has_ended(pod.data):
                self.reports.kept(pod, did.exit_code, 137, "")
            elif did is None or container.stuck:
                self.reports.pod(pod, "Failed", {"waiting": {"reason": "ContainerCreating"}})
            else:
                self._terminated(pod, container, did.stop_exit_code, did.stop_message, "")

    def _pod_of(self, uid: str, container: _Container) -> Stored | None:
        """Its Pod; None where that was removed by force, and only the process is left."""
        pod = self._store.tables[PODS].objects.get(container.key)
        return pod if pod is not None and pod.meta["uid"] == uid else None

    def _vanish(self, uid: str) -> None:
        if self._containers.pop(uid, None) is not None:
            self._invariants.end(uid, self._clock(), 137)

    def _terminated(
        self, pod: Stored, container: _Container, exit_code: int, message: str, reason: str
    ) -> None:
        self._invariants.end(pod.meta["uid"], self._clock(), exit_code)
        ended = self.reports.ended(pod, container.started, exit_code, message, reason)
        self.reports.stopped(pod, exit_code, ended)


def _stage_has_ended(pod: Json) -> bool:
    return any("terminated" in c["state"] for c in items(pod["status"], "containerStatuses"))
