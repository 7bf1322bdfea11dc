"""What the API service wants to know of the cluster, as a Protocol.

`cluster_reader.py` answers from the API server; tests answer from memory. Pods and Jobs come as
the views that the whole of stagework shares; a run is cut to what concerns its artifacts.
"""

from dataclasses import dataclass
from typing import Protocol

import msgspec

from stagework.api.observed import JobView, PodManifest


class User(msgspec.Struct, frozen=True):
    """Whom a token belongs to: the `user` of a TokenReview."""

    name: str = msgspec.field(default="", name="username")
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: dict[str, tuple[str, ...]] = {}


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
class Run:
    """A PipelineJob as far as artifacts go."""

    namespace: str
    name: str
    uid: str
    input_uri: str = ""
    committed: tuple[CommittedStage, ...] = ()
    attempts: tuple[RecordedAttempt, ...] = ()
    models: tuple[str, ...] = ()
    """What its own stages name as their models; those of a Pipeline are asked for apart."""


class ClusterReader(Protocol):
    """Questions to the API server; each raises ClusterUnavailable when it gives no answer."""

    async def token_review(self, token: str, audience: str) -> User | None:
        """Whose token it is, if it is good for this audience."""
        ...

    async def subject_access_review(
        self, user: User, *, verb: str, namespace: str, name: str = ""
    ) -> bool:
        """Whether the user may do `verb` to PipelineJobs of a namespace (or to one of them)."""
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
