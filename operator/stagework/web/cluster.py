"""What the API service wants to know of the cluster, as a Protocol and a few plain values.

`cluster_reader.py` answers from the API server; tests answer from memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class User:
    """Whom a token belongs to, as the API server says."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


@dataclass(frozen=True)
class Owner:
    """The controlling owner of an object."""

    kind: str
    name: str
    uid: str


@dataclass(frozen=True)
class Pod:
    """The few facts of a Pod that say whose work it does."""

    name: str
    uid: str
    owner: Owner | None
    labels: Mapping[str, str]
    inputs: str = ""
    """The operator's annotation on committed inputs, as JSON."""
    model_uri: str = ""
    """What the stage's container names as its model, word by word as it stands in its manifest."""
    is_finished: bool = False


@dataclass(frozen=True)
class Job:
    """A Job's identity and its controlling owner."""

    name: str
    uid: str
    owner: Owner | None


@dataclass(frozen=True)
class Commit:
    """One stage's committed outcome."""

    stage: str
    attempt: int
    prefix: str


@dataclass(frozen=True)
class Run:
    """A PipelineJob as far as artifacts go."""

    namespace: str
    name: str
    uid: str
    input_uri: str = ""
    commits: tuple[Commit, ...] = ()
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

    async def get_pod(self, namespace: str, name: str) -> Pod | None:
        """A Pod, or None."""
        ...

    async def get_job(self, namespace: str, name: str) -> Job | None:
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
