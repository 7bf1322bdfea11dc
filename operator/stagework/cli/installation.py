"""Objects of the cluster that the doctor looks at, with the few fields that it uses.

They are read as loosely as possible: a missing field is a finding, never a crash.
"""

from datetime import datetime

from stagework.api.base import Metadata, Observed


class CrdVersion(Observed):
    """A version of a CustomResourceDefinition."""

    name: str
    served: bool = False


class CrdSpec(Observed):
    """The part of its spec that is checked."""

    versions: list[CrdVersion] = []


class Crd(Observed):
    """A CustomResourceDefinition."""

    metadata: Metadata
    spec: CrdSpec = CrdSpec()


class Replicas(Observed):
    """`spec` or `status` of a Deployment."""

    replicas: int = 0
    availableReplicas: int = 0


class Deployment(Observed):
    """A Deployment."""

    metadata: Metadata
    spec: Replicas = Replicas()
    status: Replicas = Replicas()


class LeaseSpec(Observed):
    """Who leads."""

    holderIdentity: str | None = None
    leaseDurationSeconds: float | None = None
    renewTime: datetime | None = None


class Lease(Observed):
    """A `coordination.k8s.io` Lease."""

    spec: LeaseSpec = LeaseSpec()


class NodeCondition(Observed):
    """A condition of a node."""

    type: str
    status: str


class NodeSpec(Observed):
    """Whether the node takes Pods."""

    unschedulable: bool = False


class NodeStatus(Observed):
    """Its conditions."""

    conditions: list[NodeCondition] = []


class Node(Observed):
    """A node."""

    metadata: Metadata
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    @property
    def ready(self) -> bool:
        """Whether a Pod could start there."""
        told = any(c.type == "Ready" and c.status == "True" for c in self.status.conditions)
        return told and not self.spec.unschedulable


class StorageClass(Observed):
    """A StorageClass."""

    metadata: Metadata

    @property
    def is_default(self) -> bool:
        """Whether claims without a class get this one."""
        word = "storageclass.kubernetes.io/is-default-class"
        return self.metadata.annotations.get(word) == "true"
