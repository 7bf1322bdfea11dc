"""Which resources of the API server there are, and how one object of them is named."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ApiResource:
    """One resource of one API version, as the API server lists it."""

    group: str
    """API group; empty for the core group."""
    version: str
    plural: str
    """As in paths, such as `jobs`."""
    kind: str
    """As in manifests, such as `Job`."""

    @property
    def api_version(self) -> str:
        """As in manifests, such as `batch/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """Names one object; with `uid` that very object, with `resource_version` in that very state."""

    resource: ApiResource
    namespace: str
    name: str
    uid: str = ""
    resource_version: str = ""


JOBS: Final = ApiResource("batch", "v1", "jobs", "Job")
"""One a stage's attempt."""
PODS: Final = ApiResource("", "v1", "pods", "Pod")
"""Made by the Job controller, one a Job."""
NODES: Final = ApiResource("", "v1", "nodes", "Node")
"""The machines."""
EVENTS: Final = ApiResource("", "v1", "events", "Event")
"""What people see below `kubectl describe`."""
LIMIT_RANGES: Final = ApiResource("", "v1", "limitranges", "LimitRange")
"""What a namespace gives to Pods that ask for nothing, and what it allows."""
REVISIONS: Final = ApiResource("apps", "v1", "controllerrevisions", "ControllerRevision")
"""Each keeps the stages of one Pipeline as they were at one time."""
LEASES: Final = ApiResource("coordination.k8s.io", "v1", "leases", "Lease")
"""Who leads."""
CONFIG_MAPS: Final = ApiResource("", "v1", "configmaps", "ConfigMap")
"""What a built-in task remembers, one a task."""
