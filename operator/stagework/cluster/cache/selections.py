"""What the cache holds: of which resource, decoded into which view, found by which values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache as once
from typing import Final, Generic

from stagework.api import names
from stagework.api.kinds import DEFAULT_TARGET, INTERVENTION, Kind
from stagework.api.observed import JobView, NodeView, PodView, TaskJobView
from stagework.api.resources import JOBS, NODES, PODS, ApiResource
from stagework.cluster.cache.own_objects import OwnObject, spec_field, target_of
from stagework.cluster.cache.store import IndexOf
from stagework.cluster.client.paging import T

BY_NAME: Final = "name"
"""Index of objects of ours: namespace and name."""
BY_TARGET: Final = "target"
"""Index of Interventions: kind, namespace and name of the target."""
BY_OWNER: Final = "owner"
"""Index of Jobs, Pods and objects of ours: uid of the object of ours that they belong to, as they
say."""


@dataclass(frozen=True, eq=False)
class Selection(Generic[T]):
    """Some objects of one resource; a key of the cache, and the type of what it answers."""

    resource: ApiResource
    view: type[T]
    selector: Mapping[str, str] = field(default_factory=dict[str, str])
    """Query parameters of list and watch, such as a labelSelector."""
    indexes: Mapping[str, IndexOf[T]] = field(default_factory=dict[str, IndexOf[T]])
    namespaced: bool = True

    @property
    def label(self) -> str:
        """The label that its objects have; empty: it has all of them."""
        return self.selector.get("labelSelector", "")


STAGE_JOBS: Final = Selection(
    JOBS,
    JobView,
    {"labelSelector": names.LABEL_RUN_UID},
    {BY_OWNER: lambda job: job.metadata.controller_uid or None},
)
"""Jobs that carry our label; by the object that controls them."""
STAGE_PODS: Final = Selection(
    PODS,
    PodView,
    {"labelSelector": names.LABEL_RUN_UID},
    {BY_OWNER: lambda pod: pod.metadata.labels.get(names.LABEL_RUN_UID)},
)
"""Pods that carry our label; by the run that it names: decisions check the chain of uids."""
TASK_JOBS: Final = Selection(
    JOBS,
    TaskJobView,
    {"labelSelector": names.LABEL_TASK},
    {BY_OWNER: lambda job: job.metadata.controller_uid or None},
)
"""Jobs of built-in tasks; by the ScheduledJob that controls them."""
ALL_NODES: Final = Selection(NODES, NodeView, namespaced=False)
"""The machines."""


@once
def objects_of(kind: Kind) -> Selection[OwnObject]:
    """All objects of a kind of ours."""
    indexes: dict[str, IndexOf[OwnObject]] = {
        BY_NAME: lambda known: known.name,
        BY_OWNER: lambda known: owner.uid if (owner := known.controller) is not None else None,
    }
    for path in kind.references:
        indexes[path] = _reference(path)
    if kind is INTERVENTION:
        indexes[BY_TARGET] = target_key
    return Selection(kind.resource, OwnObject, indexes=indexes)


def target_key(known: OwnObject) -> tuple[str, str, str]:
    """Kind, namespace and name of an Intervention's target."""
    kind, namespace, name = target_of(known)
    return (kind or DEFAULT_TARGET.kind, namespace, name)


def _reference(path: str) -> IndexOf[OwnObject]:
    """Namespace and name of what a field names; None where it names nothing."""
    read = spec_field(path)

    def value_of(known: OwnObject) -> tuple[str, str] | None:
        name = read(known.spec)
        return (known.metadata.namespace, name) if name else None

    return value_of
