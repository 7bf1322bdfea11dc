"""Objects of an installation that the doctor reads, with the few fields that it uses.

Nodes and Leases are those of `api.observed`. Every field may be absent: that is a finding, never a
crash.
"""

import msgspec

from stagework.api.observed import AnnotatedMeta, ObjectMeta


class CrdVersion(msgspec.Struct, frozen=True):
    """A version of a CustomResourceDefinition."""

    name: str
    served: bool = False


class CrdSpec(msgspec.Struct, frozen=True):
    """The part of its spec that is checked."""

    versions: tuple[CrdVersion, ...] = ()


class Crd(msgspec.Struct, frozen=True):
    """A CustomResourceDefinition."""

    metadata: ObjectMeta
    spec: CrdSpec = CrdSpec()


class Replicas(msgspec.Struct, frozen=True):
    """`spec` or `status` of a Deployment."""

    replicas: int = 0
    availableReplicas: int = 0


class Deployment(msgspec.Struct, frozen=True):
    """A Deployment."""

    metadata: ObjectMeta = ObjectMeta()
    spec: Replicas = Replicas()
    status: Replicas = Replicas()


class StorageClass(msgspec.Struct, frozen=True):
    """A StorageClass."""

    metadata: AnnotatedMeta

    @property
    def is_default(self) -> bool:
        """Whether claims without a class get this one."""
        word = "storageclass.kubernetes.io/is-default-class"
        return self.metadata.annotations.get(word) == "true"
