"""The kinds of our API group, each with all that differs from kind to kind, said once.

The only module with plurals and kind names: the CRDs, the cache, the applier, the policy about
stages, the command line and the tests read them here. A new kind is a new entry, its types, its
plan and its controller. The chart names it once more, in the rights of the operator, the API
service and people, each with its reason: `tests/chart` holds those against this registry.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from stagework.api import names
from stagework.api.base import Observed, Resource
from stagework.api.intervention import InterventionSpec, InterventionStatus
from stagework.api.pipeline import PipelineSpec
from stagework.api.pipelinejob import PipelineJobSpec, PipelineJobStatus
from stagework.api.resources import ApiResource, ObjectRef


@dataclass(frozen=True)
class Column:
    """A printer column of `kubectl get`; `wide` ones show with `-o wide` only."""

    name: str
    path: str
    type: str = "string"
    wide: bool = False
    description: str = ""


RETRY: Final = "Retry"
"""Run stages anew, with new attempts."""
SKIP: Final = "Skip"
"""Take stages for done without running them."""
STOP: Final = "Stop"
"""End the run now and keep its record."""
APPROVE: Final = "Approve"
"""Let stages pass that wait for approval."""
AGE: Final = Column("Age", ".metadata.creationTimestamp", "date")
"""How long ago the object was made."""


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind: its names and types, and what people see of it and may ask of it.

    What follows from these is not said again: the subresource `status` is there where a status type
    is, and a kind may be an Intervention's target where it has verbs. Who owns an object is said
    where it is made, and no decision asks the kind for it.
    """

    kind: str
    """As in manifests, such as `PipelineJob`."""
    plural: str
    """As in paths and in `kubectl get`."""
    short: str
    """Short name for `kubectl get`."""
    summary: str
    """What it is, as a sentence for `kubectl explain`."""
    spec: type[Resource]
    """What a person writes."""
    status: type[Observed] | None
    """What the operator writes; None: it has no status."""
    columns: tuple[Column, ...]
    """Columns of `kubectl get`."""
    selectable: tuple[str, ...] = ()
    """Fields that `--field-selector` takes, as JSON paths."""
    first_status: tuple[tuple[str, int], ...] = ()
    """Fields of the status before the operator has seen the object."""
    rules: tuple[tuple[str, str], ...] = ()
    """CEL rules of the whole object, as (rule, message) pairs."""
    fixed_fields: tuple[str, ...] = ()
    """Fields of the spec that cannot be changed after creation; in a list with keys the order
    counts, too. The spec's type says nothing of it: in another kind's template it may change."""
    verbs: tuple[str, ...] = ()
    """What an Intervention may ask of it."""
    references: tuple[str, ...] = ()
    """Fields that name an object of another kind, as JSON paths: it is found by what it names."""
    stages_at: tuple[str, ...] = ()
    """Where stages can stand in it, such as `spec.stages`, and what their Pods are given beside,
    such as `spec.imagePullSecrets`: only those who may create Pods may write there."""
    priority_at: tuple[str, ...] = ()
    """Where a priority can stand in it: one above 0 asks for a right of its own."""
    stages_advice: str = ""
    """What to do instead, for those who may not write stages."""

    @cached_property
    def resource(self) -> ApiResource:
        """The resource of the API server."""
        return ApiResource(names.GROUP, names.VERSION, self.plural, self.kind)

    def ref(
        self, namespace: str, name: str, uid: str = "", resource_version: str = ""
    ) -> ObjectRef:
        """Names an object of this kind."""
        return ObjectRef(self.resource, namespace, name, uid, resource_version)

    @property
    def full_name(self) -> str:
        """As in commands, so that no other group's kind of that name is meant."""
        return f"{self.plural}.{names.GROUP}"

    @property
    def file_name(self) -> str:
        """File below `crds/`."""
        return f"{names.GROUP}_{self.plural}.yaml"


PIPELINE: Final = Kind(
    kind="Pipeline",
    plural="pipelines",
    short="pl",
    summary="A reusable list of stages with the params they take.",
    spec=PipelineSpec,
    status=None,
    columns=(AGE,),
    stages_at=("spec.stages", "spec.imagePullSecrets"),
    stages_advice="let somebody who has that right write the Pipeline",
)
"""Only read by the operator; runs keep a revision of it."""

PIPELINEJOB: Final = Kind(
    kind="PipelineJob",
    plural="pipelinejobs",
    short="pj",
    summary="One run of a pipeline: its stages as Jobs on the right class of machine.",
    spec=PipelineJobSpec,
    status=PipelineJobStatus,
    columns=(
        Column("Status", ".status.summary", description="Reason of the condition Succeeded"),
        Column("Stage", ".status.stage", description="Current stage"),
        Column("Progress", ".status.progress", description="Finished stages of all"),
        Column("Machine", ".status.machine", description="Machine class of the stage"),
        AGE,
        Column("Attempts", ".status.attempts", "integer", wide=True),
        Column("Node", ".status.node", wide=True),
        Column("Message", ".status.message", wide=True),
    ),
    selectable=(".status.summary", ".spec.tenant", ".spec.pipelineRef.name"),
    first_status=(("observedGeneration", -1),),
    fixed_fields=(
        *("pipelineRef", "stages", "params", "imagePullSecrets", "input"),
        *("title", "subject", "tenant", "parallelism", "activeDeadlineSeconds"),
    ),
    verbs=(RETRY, SKIP, STOP, APPROVE),
    references=("spec.pipelineRef.name",),
    stages_at=("spec.stages", "spec.imagePullSecrets"),
    stages_advice="name a Pipeline in spec.pipelineRef instead",
    priority_at=("spec.priority",),
)
"""A run; what Batch and ScheduledJob make, too."""

INTERVENTION: Final = Kind(
    kind="Intervention",
    plural="interventions",
    short="iv",
    summary="What a person asks of a run, such as Retry or Stop. Immutable, answered once, kept.",
    spec=InterventionSpec,
    status=InterventionStatus,
    columns=(
        Column("Verb", ".spec.verb"),
        Column("Target", ".spec.target.name"),
        Column("Answer", ".status.summary"),
        Column("Requested", ".status.requested", "integer"),
        Column("Affected", ".status.affected", "integer"),
        Column("By", ".spec.requestedBy"),
        AGE,
        Column("Reason", ".spec.reason", wide=True),
    ),
    selectable=(".spec.target.name", ".status.summary"),
    rules=(
        (
            "self.spec == oldSelf.spec",
            "an Intervention cannot be changed: create a new one",
        ),
    ),
)
"""Owned by its target, once that has answered it."""

KINDS: Final = (PIPELINE, PIPELINEJOB, INTERVENTION)
"""Every kind, in the order in which a reader meets them."""
DEFAULT_TARGET: Final = PIPELINEJOB
"""The kind of an Intervention's target that names none."""


def targets(kinds: Iterable[Kind] = KINDS) -> tuple[Kind, ...]:
    """The kinds that Interventions may aim at."""
    return tuple(kind for kind in kinds if kind.verbs)


def verbs(kinds: Iterable[Kind] = KINDS) -> tuple[str, ...]:
    """Every verb of an Intervention, each once."""
    return tuple(dict.fromkeys(verb for kind in kinds for verb in kind.verbs))
