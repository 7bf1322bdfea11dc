"""Machine classes: what an administrator says about the fleet (a setting, not a resource)."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from stagework.api.base import OBJECT_NAME
from stagework.api.quantity import KnownResource, Quantity

Name = Annotated[str, StringConstraints(pattern=OBJECT_NAME, max_length=253)]
"""Of an object that belongs to no namespace; or nothing."""


class Toleration(BaseModel, frozen=True):
    """A toleration that stage Pods of a class carry."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    key: str = ""
    """Taint key; empty matches every key (then `operator` must be `Exists`)."""
    operator: str = Field(default="Equal", pattern="^(Equal|Exists)$")
    """`Equal` compares the value, `Exists` does not."""
    value: str = ""
    """Taint value."""
    effect: str = Field(default="", pattern="^(NoSchedule|PreferNoSchedule|NoExecute|)$")
    """Taint effect; empty matches every effect."""


class WakeHook(BaseModel, frozen=True):
    """Who is asked to wake the machines of a class: one POST with `{"machine": KEY}`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    url: str = Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$", max_length=512)
    """Such as `http://wake.example.org/macbook`; no user, password or query in it, for it stands in
    a ConfigMap. Redirects are not followed."""
    pauseSeconds: int = Field(default=600, ge=10, le=86400)
    """Between two requests, whatever waits."""
    timeoutSeconds: float = Field(default=5, gt=0, le=60)
    """How long an answer is waited for; no stage waits for it."""

    @property
    def pause(self) -> timedelta:
        """Between two requests, as a span of time."""
        return timedelta(seconds=self.pauseSeconds)


class MachineClass(BaseModel, frozen=True):
    """One class of machines, such as the GPU servers or the MacBooks."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    key: str = Field(pattern="^[a-z][a-z0-9-]{0,30}$")
    """The word used in `runsOn`, such as `gpu`."""
    label: str = ""
    """What people see, such as `GPU server`; the key where empty."""
    nodeSelector: dict[str, str]
    """Labels that a node of this class carries, such as `stagework.dev/machine: gpu`."""
    tolerations: tuple[Toleration, ...] = ()
    """Tolerations for the class's taints."""
    resources: dict[KnownResource, Quantity] = Field(
        default={}, json_schema_extra={"additionalProperties": False}
    )
    """Requests and limits that every stage on this class gets, such as `nvidia.com/gpu: 1`."""
    runtimeClassName: Name = ""
    """RuntimeClass of its stages' Pods, such as `nvidia` or `gvisor`; empty: the cluster's own."""
    priorityClassName: Name = ""
    """PriorityClass of its stages' Pods; empty: the cluster's default."""
    slotsPerNode: int = Field(default=1, ge=1, le=1000)
    """How many stages may run at once on each ready node of the class."""
    mayBeAway: bool = False
    """True for machines that sleep or leave, such as a MacBook."""
    wakeHook: WakeHook | None = None
    """Who is asked to wake them when a stage waits for the class; only with `mayBeAway`."""

    @model_validator(mode="after")
    def _wakes_what_sleeps(self) -> Self:
        if self.wakeHook is not None and not self.mayBeAway:
            raise ValueError("wakeHook is for classes with mayBeAway: true")
        return self

    def same_pods_as(self, other: "MachineClass") -> bool:
        """Whether a Pod made for one of the two is as one made for the other.

        What differs cannot be changed once the Pod is there.
        """
        return (self.resources, self.runtimeClassName, self.priorityClassName) == (
            other.resources,
            other.runtimeClassName,
            other.priorityClassName,
        )


class Fleet(BaseModel):
    """All machine classes and the static map from stage names to classes."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    machineClasses: tuple[MachineClass, ...] = Field(min_length=1)
    """Every class, in the order in which the board shows them."""
    stageClasses: dict[str, tuple[str, ...]] = {}
    """Stage name to classes in order of preference, for stages that say no `runsOn`."""
    defaultClasses: tuple[str, ...] = ()
    """Classes of a stage that neither says `runsOn` nor is in the map; the first class if empty."""

    def find(self, key: str) -> MachineClass | None:
        """The class with this key, or None."""
        return next(
            (machine_class for machine_class in self.machineClasses if machine_class.key == key),
            None,
        )

    def classes_of(self, stage: str, runs_on: tuple[str, ...]) -> tuple[str, ...]:
        """Class keys for a stage, in order of preference: its own, the map's, the default."""
        if runs_on:
            return runs_on
        mapped = self.stageClasses.get(stage, ())
        return mapped or self.defaultClasses or (self.machineClasses[0].key,)

    def all_classes_of(self, stage: str, runs_on: tuple[str, ...]) -> tuple[str, ...]:
        """Class keys for which a Job of the stage may have been made, also under other settings."""
        own = self.classes_of(stage, runs_on)
        return (*own, *(c.key for c in self.machineClasses if c.key not in own))
