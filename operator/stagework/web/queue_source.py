"""What the queue's routes want to know of the cluster, and write to it, as a Protocol."""

from dataclasses import dataclass
from typing import Any, Protocol

from stagework.api.names import GROUP
from stagework.api.observed import NodeView
from stagework.api.stages import Stage
from stagework.cluster.cache.own_objects import OwnObject
from stagework.web.user import User


@dataclass(frozen=True, slots=True)
class Right:
    """Something that a person may do or not."""

    verb: str
    resource: str
    """Plural of the kind."""
    namespace: str
    name: str = ""
    group: str = GROUP


class NotWritten(Exception):  # noqa: N818 - reads as a sentence where it is caught
    """The API server did not take what was to be written; the text is its own."""


class QueueSource(Protocol):
    """Questions to the API server; each raises ClusterUnavailable when it gives no answer."""

    async def run_objects(self, namespaces: tuple[str, ...]) -> list[OwnObject]:
        """All PipelineJobs of these namespaces (of all, where none is named)."""
        ...

    async def run_object(self, namespace: str, name: str) -> OwnObject | None:
        """A PipelineJob, or None."""
        ...

    async def revision_stages(self, namespace: str, name: str) -> tuple[Stage, ...]:
        """The stages that a ControllerRevision keeps; none where they cannot be read."""
        ...

    async def nodes(self) -> list[NodeView]:
        """All nodes."""
        ...

    async def may(self, user: User, right: Right) -> bool:
        """Whether the user has the right (SubjectAccessReview)."""
        ...

    async def create_intervention(self, namespace: str, body: dict[str, Any]) -> str:
        """Make an Intervention; its name. Raises NotWritten."""
        ...
