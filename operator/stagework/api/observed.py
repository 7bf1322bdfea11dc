"""What the operator observes of Jobs, Pods and Nodes: these few fields are decoded, no others.

The structs are frozen and without garbage-collector bookkeeping: tens of thousands are cached.
Words that many of them share (stages, reasons, uids of owners) are kept once, and of the labels
of what we made only those that decisions read.
"""

from datetime import UTC, datetime
from sys import intern

import msgspec
from msgspec.structs import force_setattr

from stagework.api import names
from stagework.api.resources import ObjectRef

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_READ_LABELS = (names.LABEL_RUN_UID, names.LABEL_STAGE, names.LABEL_ATTEMPT, names.LABEL_MACHINE)


class _View(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    pass


class OwnerReference(_View, frozen=True):
    """Who owns an object."""

    uid: str = ""
    controller: bool = False
    kind: str = ""
    name: str = ""
    api_version: str = ""

    def __post_init__(self) -> None:
        """Share uid and name with the owner itself, and keep the few kinds and versions once."""
        force_setattr(self, "uid", intern(self.uid))
        force_setattr(self, "kind", intern(self.kind))
        force_setattr(self, "name", intern(self.name))
        force_setattr(self, "api_version", intern(self.api_version))

    def names(self, owner: ObjectRef) -> bool:
        """True where apiVersion, kind, name and uid are all that object's."""
        return (
            self.uid == owner.uid != ""
            and self.name == owner.name
            and self.kind == owner.resource.kind
            and self.api_version == owner.resource.api_version
        )


class ObjectMeta(_View, frozen=True):
    """The part of `metadata` that decisions use; annotations are not kept, they may be large."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resourceVersion: str = ""
    creation_timestamp: datetime = EPOCH
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] = {}
    owner_references: tuple[OwnerReference, ...] = ()

    def __post_init__(self) -> None:
        """Keep one copy of what many objects share."""
        force_setattr(self, "uid", intern(self.uid))
        force_setattr(self, "namespace", intern(self.namespace))
        labels = self.labels
        if names.LABEL_RUN_UID in labels:
            kept = {key: intern(labels[key]) for key in _READ_LABELS if key in labels}
            force_setattr(self, "labels", kept)

    @property
    def controller(self) -> OwnerReference | None:
        """The controlling owner, or None."""
        return next((owner for owner in self.owner_references if owner.controller), None)

    @property
    def leaving(self) -> bool:
        """True once somebody has asked for its deletion."""
        return self.deletion_timestamp is not None

    def controlled_by(self, owner: ObjectRef) -> bool:
        """True where that very object, of the same namespace, is its controller.

        It is what the object says of itself: whoever may create it can say so.
        """
        controller = self.controller
        return (
            self.namespace == owner.namespace and controller is not None and controller.names(owner)
        )

    @property
    def controller_uid(self) -> str:
        """Uid of the controlling owner, or the empty string."""
        for owner in self.owner_references:
            if owner.controller:
                return owner.uid
        return ""


class ObjectCondition(_View, frozen=True):
    """A condition of a Job, Pod or Node."""

    type: str
    status: str
    reason: str = ""
    message: str = ""

    def __post_init__(self) -> None:
        """Keep each word once."""
        force_setattr(self, "type", intern(self.type))
        force_setattr(self, "status", intern(self.status))
        force_setattr(self, "reason", intern(self.reason))


def _holds(conditions: tuple[ObjectCondition, ...], *kinds: str) -> bool:
    """True where one of these conditions is true."""
    return bool(conditions) and any(c.type in kinds and c.status == "True" for c in conditions)


class JobStatus(_View, frozen=True):
    """Status of a Job."""

    conditions: tuple[ObjectCondition, ...] = ()

    @property
    def ended(self) -> bool:
        """True once the Job controller has given it up or completed it."""
        return _holds(self.conditions, "Complete", "Failed")

    @property
    def completed(self) -> bool:
        """True once the Job controller has counted its Pod as succeeded."""
        return _holds(self.conditions, "Complete")


class JobView(_View, frozen=True):
    """A Job."""

    metadata: ObjectMeta
    status: JobStatus = JobStatus()

    @property
    def ended(self) -> bool:
        """True once the Job controller has given it up or completed it."""
        return self.status.ended

    @property
    def completed(self) -> bool:
        """True once the Job controller has counted its Pod as succeeded."""
        return self.status.completed


class TimedJobStatus(JobStatus, frozen=True):
    """Status of a Job, with its times."""

    start_time: datetime | None = None
    completion_time: datetime | None = None
    """Of one that is complete: when its Pod had ended."""


class TaskJobView(_View, frozen=True):
    """The Job of a built-in task: of these, few as they are, the times are kept, too."""

    metadata: ObjectMeta
    status: TimedJobStatus = TimedJobStatus()


def _known(moment: datetime | None) -> datetime | None:
    """None for the zero time, which a kubelet reports of what it does not know.

    Go's is in the year 1, that of container runtimes in 1970.
    """
    return None if moment is None or moment.year <= EPOCH.year else moment


class Terminated(_View, frozen=True):
    """How a container ended, as the kubelet reports it."""

    exit_code: int = 0
    reason: str = ""
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None

    def __post_init__(self) -> None:
        """A time that says nothing is no time."""
        force_setattr(self, "started_at", _known(self.started_at))
        force_setattr(self, "finished_at", _known(self.finished_at))


class Running(_View, frozen=True):
    """Since when a container runs."""

    started_at: datetime | None = None

    def __post_init__(self) -> None:
        """A time that says nothing is no time."""
        force_setattr(self, "started_at", _known(self.started_at))


class WaitingState(_View, frozen=True):
    """Why a container does not run yet."""

    reason: str = ""
    message: str = ""


class ContainerState(_View, frozen=True):
    """One of the three states of a container."""

    waiting: WaitingState | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(_View, frozen=True):
    """Status of one container."""

    name: str
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()
    """How it ended before it was started again."""
    restart_count: int = 0

    @property
    def last_end(self) -> Terminated | None:
        """How it has ended, the last time that it did."""
        return self.state.terminated or self.last_state.terminated


class PodStatus(_View, frozen=True):
    """Status of a Pod."""

    phase: str = ""
    reason: str = ""
    message: str = ""
    conditions: tuple[ObjectCondition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()


class SchedulingGate(_View, frozen=True):
    """A gate that holds a Pod back from the scheduler."""

    name: str


class PodSpec(_View, frozen=True):
    """Spec of a Pod."""

    node_name: str = ""
    scheduling_gates: tuple[SchedulingGate, ...] = ()
    termination_grace_period_seconds: int = 0
    """From SIGTERM to SIGKILL, where whoever ends the Pod says no other."""


class PodView(_View, frozen=True):
    """A Pod."""

    metadata: ObjectMeta
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def finished(self) -> bool:
        """True once all its containers have ended for good."""
        return self.status.phase in {"Succeeded", "Failed"}

    def held_by(self, gate: str) -> bool:
        """True while that scheduling gate is on it."""
        gates = self.spec.scheduling_gates
        return bool(gates) and any(held.name == gate for held in gates)

    def container(self, name: str) -> ContainerState | None:
        """State of that container, or None before the kubelet reports it."""
        return next((c.state for c in self.status.container_statuses if c.name == name), None)

    def init_container(self, name: str) -> ContainerStatus | None:
        """Status of that container of those that start before the others, or None."""
        return next((c for c in self.status.init_container_statuses if c.name == name), None)

    def condition(self, kind: str) -> ObjectCondition | None:
        """The condition of that type, or None."""
        return next((c for c in self.status.conditions if c.type == kind), None)


class AnnotatedMeta(ObjectMeta, frozen=True):
    """`metadata` with its annotations."""

    annotations: dict[str, str] = {}


class EnvVariable(_View, frozen=True):
    """A variable of a container; `value` is None where it comes from elsewhere."""

    name: str = ""
    value: str | None = None


class ContainerManifest(_View, frozen=True):
    """A container as the Pod's spec has it."""

    name: str = ""
    env: tuple[EnvVariable, ...] = ()


class PodManifestSpec(PodSpec, frozen=True):
    """Spec of a Pod with its containers."""

    containers: tuple[ContainerManifest, ...] = ()


class PodManifest(PodView, frozen=True):
    """A Pod with annotations and containers: read one at a time, never cached by thousands."""

    metadata: AnnotatedMeta
    spec: PodManifestSpec = PodManifestSpec()

    def env_value(self, container: str, name: str) -> str:
        """A variable's literal value in that container, as a stage's `env` says it.

        Empty where it has none. In the manifest each `$` is doubled, so that none is expanded.
        """
        values = (
            variable.value
            for manifest in self.spec.containers
            if manifest.name == container
            for variable in manifest.env
            if variable.name == name
        )
        return (next(values, None) or "").replace("$$", "$")


class Taint(_View, frozen=True):
    """What keeps Pods off a Node."""

    key: str = ""
    effect: str = ""


class NodeSpec(_View, frozen=True):
    """Spec of a Node."""

    unschedulable: bool = False
    taints: tuple[Taint, ...] = ()


class NodeCondition(ObjectCondition, frozen=True):
    """A condition of a Node."""

    last_transition_time: str = ""
    """By the clock of whoever wrote it: compared with itself alone, never with ours."""
    last_heartbeat_time: str = ""
    """Likewise: when its kubelet has last reported the condition."""


class NodeInfo(_View, frozen=True):
    """What a kubelet says of its machine."""

    boot_id: str = msgspec.field(name="bootID", default="")
    """Another one after each boot."""


class NodeStatus(_View, frozen=True):
    """Status of a Node."""

    conditions: tuple[NodeCondition, ...] = ()
    node_info: NodeInfo = NodeInfo()


def _seconds_between(earlier: str, later: str) -> float:
    try:
        span = datetime.fromisoformat(later) - datetime.fromisoformat(earlier)
    except (ValueError, TypeError):  # none, no time, or one without a zone beside one with it
        return 0.0
    return max(0.0, span.total_seconds())


class NodeView(_View, frozen=True):
    """A Node."""

    metadata: ObjectMeta
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    @property
    def ready(self) -> bool:
        """True while its kubelet reports it ready."""
        return _holds(self.status.conditions, "Ready")

    @property
    def ready_transition(self) -> str:
        """Changes whenever it has become ready or not ready, also between two looks of ours."""
        ready = (c.last_transition_time for c in self.status.conditions if c.type == "Ready")
        return next(ready, "")

    @property
    def silent_seconds(self) -> float:
        """How long its kubelet had reported nothing when the control plane said so; 0 where it is
        not said, or where the two clocks cannot be compared.
        """
        for condition in self.status.conditions:
            if condition.type == "Ready" and condition.status == "Unknown":
                heard, noticed = condition.last_heartbeat_time, condition.last_transition_time
                return _seconds_between(heard, noticed)
        return 0.0

    @property
    def boot_id(self) -> str:
        """Another one after each boot; empty where its kubelet does not say."""
        return self.status.node_info.boot_id

    @property
    def out_of_service(self) -> bool:
        """An administrator has said that the machine is off: nothing runs on it."""
        return any(taint.key == names.TAINT_OUT_OF_SERVICE for taint in self.spec.taints)

    @property
    def takes_pods(self) -> bool:
        """True while the scheduler may place Pods on it: ready, and not cordoned."""
        return self.ready and not self.spec.unschedulable

    def carries(self, selector: dict[str, str]) -> bool:
        """True where all labels of a node selector are on it."""
        labels = self.metadata.labels
        return all(labels.get(key) == value for key, value in selector.items())


class LeaseSpec(_View, frozen=True):
    """Who holds a Lease; every field may be absent.

    Times stay text: a MicroTime has exactly six digits of a second, and what another has written
    goes back as it was.
    """

    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int | None = None

    @property
    def renewed(self) -> datetime | None:
        """When its holder says to have renewed it, by his clock; None: never."""
        return datetime.fromisoformat(self.renew_time) if self.renew_time else None


class LeaseView(_View, frozen=True):
    """A Lease of coordination.k8s.io."""

    metadata: ObjectMeta
    spec: LeaseSpec = LeaseSpec()
