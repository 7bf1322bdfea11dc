"""The resources that the fake API server knows."""

from dataclasses import dataclass
from typing import Any, Final

from stagework.api import kinds
from stagework.api.kinds import Kind
from tests.support.lamps import LAMP

Json = dict[str, Any]
"""An object as JSON. Objects in the store are never changed in place."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of one API version."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    status: bool = False
    """Has a status subresource: the main path does not write `status`."""
    generation: bool = False
    """`metadata.generation` counts the changes of the spec."""
    custom: bool = False
    """A custom resource: no strategic merge patch."""
    orphans: bool = False
    """Deleted without a propagationPolicy, its dependents stay (batch/v1 Jobs)."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def title(self) -> str:
        """As in the server's messages: `jobs.batch`, `pods`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        root = f"/apis/{self.group}" if self.group else "/api"
        parts = [root, self.version]
        if namespace:
            parts += ["namespaces", namespace]
        return "/".join([*parts, self.plural, *filter(None, (name, subresource))])


def _ours(kind: Kind) -> Resource:
    made = kind.resource
    return Resource(
        made.group, made.version, made.plural, made.kind, status=True, generation=True, custom=True
    )


NAMESPACES: Final = Resource("", "v1", "namespaces", "Namespace", namespaced=False, status=True)
PODS: Final = Resource("", "v1", "pods", "Pod", status=True, generation=True)
NODES: Final = Resource("", "v1", "nodes", "Node", namespaced=False, status=True)
EVENTS: Final = Resource("", "v1", "events", "Event")
LIMIT_RANGES: Final = Resource("", "v1", "limitranges", "LimitRange")
CONFIG_MAPS: Final = Resource("", "v1", "configmaps", "ConfigMap")
JOBS: Final = Resource("batch", "v1", "jobs", "Job", status=True, generation=True, orphans=True)
REVISIONS: Final = Resource("apps", "v1", "controllerrevisions", "ControllerRevision")
LEASES: Final = Resource("coordination.k8s.io", "v1", "leases", "Lease")
NEW_EVENTS: Final = Resource("events.k8s.io", "v1", "events", "Event")
PIPELINE_JOBS: Final = _ours(kinds.PIPELINEJOB)
PIPELINES: Final = _ours(kinds.PIPELINE)
BATCHES: Final = _ours(kinds.BATCH)
SCHEDULED_JOBS: Final = _ours(kinds.SCHEDULEDJOB)
INTERVENTIONS: Final = _ours(kinds.INTERVENTION)
LAMPS: Final = _ours(LAMP)

ALL: Final = (
    NAMESPACES,
    PODS,
    NODES,
    EVENTS,
    LIMIT_RANGES,
    CONFIG_MAPS,
    JOBS,
    REVISIONS,
    LEASES,
    NEW_EVENTS,
    PIPELINE_JOBS,
    PIPELINES,
    BATCHES,
    SCHEDULED_JOBS,
    INTERVENTIONS,
    LAMPS,
)
"""Every resource that is served."""


def part(data: Json, *path: str) -> Json:
    """The mapping at a path below `data`; empty where there is none."""
    below: Json = data
    for word in path:
        below = below.get(word) or {}
    return below


def items(data: Json, name: str) -> list[Json]:
    """The list of mappings of that name; empty where there is none."""
    return data.get(name) or []
