"""What the API service wants to know of the cluster, as a Protocol.

`cluster_reader.py` answers from the API server; tests answer from memory. Pods and Jobs come as
the views that the whole of stagework shares; a run is cut to what concerns its artifacts.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from stagework.api.kinds import PIPELINEJOB
from stagework.api.observed import JobView, PodManifest
from stagework.web.batch_source import BatchSource
from stagework.web.queue_source import QueueSource
from stagework.web.schedule_source import ScheduleSource
from stagework.web.sign_in_source import SignInSource
from stagework.web.user import User


@dataclass(frozen=True)
class CommittedStage:
    """One stage's committed attempt, and the prefix of its artifacts."""

    stage: str
    attempt: int
    prefix: str


@dataclass(frozen=True)
class RecordedAttempt:
    """The current or last attempt of a stage, as the run's status records it."""

    stage: str
    attempt: int
    job: str
    """Name of its Job."""
    job_uid: str = ""
    """Uid of its Job; empty: not recorded."""
    pod: str = ""
    """Uid of its Pod; empty: its gate has not been removed, or that is not recorded yet."""
    ended: bool = False
    """The stage has its outcome, and this attempt does nothing more."""


@dataclass(frozen=True)
class ItemRange:
    """Positions of a round of a Batch on which a run works."""

    uri: str
    """`artifact://<namespace>/batches/<uid>`."""
    round: int
    start: int
    end: int
    """The position behind the last one."""


@dataclass(frozen=True)
class Run:
    """A PipelineJob as far as artifacts go."""

    namespace: str
    name: str
    uid: str
    input_uri: str = ""
    committed: tuple[CommittedStage, ...] = ()
    attempts: tuple[RecordedAttempt, ...] = ()
    items: ItemRange | None = None
    """Some items of a Batch."""
    batch_uid: str = ""
    """Uid of the Batch that controls it; empty: none does."""
    models: tuple[str, ...] = ()
    """What its own stages name as their models; those of a Pipeline are asked for apart."""


class ClusterReader(Protocol):
    """Questions to the API server; each raises ClusterUnavailable when it gives no answer."""

    @property
    def queue(self) -> QueueSource:
        """What the queue's routes want to know."""
        ...

    @property
    def sign_ins(self) -> SignInSource:
        """What people have made to sign in."""
        ...

    @property
    def batches(self) -> BatchSource:
        """What the batches' routes want to know."""
        ...

    @property
    def schedules(self) -> ScheduleSource:
        """What the schedules' routes want to know."""
        ...

    async def token_review(self, token: str, audience: str) -> User | None:
        """Whose token it is, if it is good for this audience."""
        ...

    async def subject_access_review(
        self,
        user: User,
        *,
        verb: str,
        namespace: str,
        name: str = "",
        resource: str = PIPELINEJOB.plural,
    ) -> bool:
        """Whether the user may do `verb` to a resource of ours, in a namespace or to one object."""
        ...

    async def may_read_logs(self, user: User, namespace: str) -> bool:
        """Whether the user may get `pods/log` in a namespace."""
        ...

    def pod_log(
        self, namespace: str, name: str, container: str, last_lines: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The log of a container as it comes; nothing where the Pod or its log is gone.

        `last_lines`: only so many of its end.
        """
        ...

    async def stage_pods(
        self, namespace: str, run_uid: str, stage: str, attempt: int
    ) -> list[PodManifest]:
        """Pods that say by their labels that they are this attempt's: whoever may make Pods can
        write that.
        """
        ...

    async def get_pod(self, namespace: str, name: str) -> PodManifest | None:
        """A Pod, or None."""
        ...

    async def get_job(self, namespace: str, name: str) -> JobView | None:
        """A Job, or None."""
        ...

    async def get_run(self, namespace: str, name: str) -> Run | None:
        """A PipelineJob, or None."""
        ...

    async def list_runs(self, namespaces: tuple[str, ...]) -> list[Run]:
        """All PipelineJobs of these namespaces (of all, where none is named)."""
        ...

    async def list_models(self, namespaces: tuple[str, ...]) -> frozenset[str]:
        """What the stages of all Pipelines of these namespaces (or of all) name as their models."""
        ...

    async def is_reachable(self) -> bool:
        """Whether the API server answers at all."""
        ...
