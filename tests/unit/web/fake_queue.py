"""Runs, nodes and rights in memory: the QueueSource that tests give to the app."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from stagework.api.kinds import PIPELINEJOB
from stagework.api.observed import NodeView
from stagework.api.pipelinejob import PipelineJob
from stagework.api.stages import Stage
from stagework.cluster.cache.own_objects import OwnObject, from_bytes
from stagework.web.errors import ClusterUnavailable
from stagework.web.queue_source import NotWritten, Right
from stagework.web.user import User


@dataclass
class FakeQueue:
    """Every question is counted by its word."""

    runs: list[PipelineJob] = field(default_factory=list[PipelineJob])
    machines: list[NodeView] = field(default_factory=list[NodeView])
    revisions: dict[tuple[str, str], tuple[Stage, ...]] = field(
        default_factory=dict[tuple[str, str], tuple[Stage, ...]]
    )
    rights: set[tuple[str, str, str]] = field(default_factory=set[tuple[str, str, str]])
    """User, verb (with the kind where it is no PipelineJob), namespace."""
    made: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    asked: list[str] = field(default_factory=list[str])
    refusal: str = ""
    is_away: bool = False
    nodes_are_hidden: bool = False

    async def run_objects(self, namespaces: tuple[str, ...]) -> list[OwnObject]:
        """All runs."""
        self._ask("run_objects")
        return [
            _kept(run)
            for run in self.runs
            if not namespaces or run.metadata.namespace in namespaces
        ]

    async def run_object(self, namespace: str, name: str) -> OwnObject | None:
        """One run."""
        self._ask("run_object")
        for run in self.runs:
            if (run.metadata.namespace, run.metadata.name) == (namespace, name):
                return _kept(run)
        return None

    async def revision_stages(self, namespace: str, name: str) -> tuple[Stage, ...]:
        """What a revision keeps."""
        self._ask("revision_stages")
        return self.revisions.get((namespace, name), ())

    async def nodes(self) -> list[NodeView]:
        """All nodes."""
        self._ask("nodes")
        if self.nodes_are_hidden:
            raise ClusterUnavailable("nodes")
        return self.machines

    async def may(self, user: User, right: Right) -> bool:
        """Whether the right was given."""
        verb = right.verb
        if right.resource != PIPELINEJOB.plural:
            verb = f"{right.verb} {right.resource}"
        self._ask(f"may {verb} {right.namespace}/{right.name}")
        return (user.name, verb, right.namespace) in self.rights

    async def create_intervention(self, namespace: str, body: dict[str, Any]) -> str:
        """Keep it."""
        self._ask("create_intervention")
        if self.refusal:
            raise NotWritten(self.refusal)
        self.made.append(body)
        return f"made-{len(self.made)}"

    def grant(self, user: str, rights: Iterable[tuple[str, str]]) -> set[tuple[str, str, str]]:
        """Give a user these (verb, namespace); what was given."""
        given = {(user, verb, namespace) for verb, namespace in rights}
        self.rights |= given
        return given

    def _ask(self, question: str) -> None:
        self.asked.append(question)
        if self.is_away:
            raise ClusterUnavailable(question)


@dataclass
class WithQueue:
    """What a cluster in memory has of it."""

    queue: FakeQueue = field(default_factory=FakeQueue, kw_only=True)


def _kept(run: PipelineJob) -> OwnObject:
    return from_bytes(run.model_dump_json().encode())
