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
from stagework.api.batch import BatchSpec, BatchStatus
from stagework.api.intervention import InterventionSpec, InterventionStatus
from stagework.api.pipeline import PipelineSpec, PipelineStatus
from stagework.api.pipelinejob import PipelineJobSpec, PipelineJobStatus
from stagework.api.resources import ApiResource, ObjectRef
from stagework.api.scheduledjob import ScheduledJobSpec, ScheduledJobStatus
from stagework.api.sign_in import SignInSpec


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
RECOVER: Final = "Recover"
"""Declare stages failed of which nothing proves for too long whether their process lives."""
REPROCESS: Final = "Reprocess"
"""Run items again: those that failed, some by their ids, or all but the done."""
RUN_NOW: Final = "RunNow"
"""Make a run now, beside those of its slots."""
SKIP_NEXT: Final = "SkipNext"
"""Let the next slot pass without a run."""
AGE: Final = Column("Age", ".metadata.creationTimestamp", "date")
"""How long ago the object was made."""
_READY: Final = f'.status.conditions[?(@.type=="{names.READY}")]'


@dataclass(frozen=True)
class Scale:
    """How `kubectl scale` changes an object; JSON paths."""

    wanted: str
    """The number that a person sets; it has a default that the API server fills in."""
    there: str
    """How many there are."""
    selector: str
    """Labels by which they are found."""


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
    """Where stages can stand in it, such as `spec.stages`, what their Pods are given beside, such
    as `spec.imagePullSecrets`, and what else becomes a Pod: only those who may create Pods may
    write there."""
    priority_at: tuple[str, ...] = ()
    """Where a priority can stand in it: one above 0 asks for a right of its own."""
    stages_advice: str = ""
    """What to do instead, for those who may not write stages."""
    scale: Scale | None = None
    """None: `kubectl scale` does not know it."""

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
    status=PipelineStatus,
    columns=(
        Column("Stages", ".status.stages", "integer", description="How many stages it has"),
        Column("Params", ".status.params", "integer", description="How many params it takes"),
        Column("Runs", ".status.runs", "integer", description="Runs of it that have not ended"),
        AGE,
        Column("Ready", f"{_READY}.status", wide=True, description="Whether runs can use it"),
        Column("Message", f"{_READY}.message", wide=True, description="Why they cannot"),
    ),
    first_status=(("observedGeneration", -1),),
    stages_at=("spec.stages", "spec.imagePullSecrets"),
    stages_advice="let somebody who has that right write the Pipeline",
)
"""Runs keep a revision of it, and none depends on its status."""

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
        Column(
            "Retries",
            ".status.retries",
            "integer",
            wide=True,
            description="Attempts beyond the first, over all stages",
        ),
        Column("Node", ".status.node", wide=True),
        Column("Title", ".spec.title", wide=True, description="What people call it"),
        Column("Duration", ".status.duration", wide=True, description="From begin to end"),
        Column("Message", ".status.message", wide=True),
    ),
    selectable=(".status.summary", ".spec.tenant", ".spec.pipelineRef.name"),
    first_status=(("observedGeneration", -1),),
    fixed_fields=(
        *("pipelineRef", "stages", "params", "imagePullSecrets", "input", "slotTime"),
        *("title", "subject", "tenant", "parallelism", "activeDeadlineSeconds"),
    ),
    verbs=(RETRY, SKIP, STOP, APPROVE, RECOVER),
    references=("spec.pipelineRef.name",),
    stages_at=("spec.stages", "spec.imagePullSecrets"),
    stages_advice="name a Pipeline in spec.pipelineRef instead",
    priority_at=("spec.priority",),
)
"""A run; what Batch and ScheduledJob make, too."""

BATCH: Final = Kind(
    kind="Batch",
    plural="batches",
    short="bt",
    summary="Many items through one pipeline, in chunks: each chunk is a PipelineJob.",
    spec=BatchSpec,
    status=BatchStatus,
    columns=(
        Column("Status", ".status.summary", description="Reason of the condition Succeeded"),
        Column("Done", ".status.done", "integer", description="Items that ended well"),
        Column("Failed", ".status.failed", "integer", description="Items that failed"),
        Column("Total", ".status.total", "integer", description="Items of the batch"),
        Column("Percent", ".status.percent", description="Handled items of all"),
        Column("ETA", ".status.eta", description="How long it still takes, p50 to p90"),
        AGE,
        Column("Chunks", ".status.chunks.open", "integer", wide=True, description="In flight"),
        Column("Skipped", ".status.skipped", "integer", wide=True),
        Column("Size", ".status.size.items", "integer", wide=True, description="Of a chunk"),
        Column("Why", ".status.size.reason", wide=True, description="Why it has that size"),
        Column("Title", ".spec.title", wide=True, description="What people call it"),
        Column("Message", ".status.message", wide=True),
    ),
    selectable=(".status.summary", ".spec.tenant", ".spec.pipelineRef.name"),
    first_status=(("observedGeneration", -1),),
    fixed_fields=(
        *("pipelineRef", "params", "items", "chunkSize", "chunking", "retriesPerChunk"),
        *("afterwards", "slotTime", "title", "tenant"),
    ),
    verbs=(REPROCESS, STOP),
    references=("spec.pipelineRef.name",),
    priority_at=("spec.priority",),
    scale=Scale(".spec.parallelism", ".status.chunks.open", ".status.selector"),
)
"""Its runs are its own: made, counted and removed by the operator."""

SCHEDULEDJOB: Final = Kind(
    kind="ScheduledJob",
    plural="scheduledjobs",
    short="schj",
    summary="Runs, batches or built-in tasks by a cron expression, an interval, or one date.",
    spec=ScheduledJobSpec,
    status=ScheduledJobStatus,
    columns=(
        Column("Status", ".status.summary", description="Reason of the condition Ready"),
        Column("Schedule", ".status.schedule", description="When"),
        Column("TZ", ".spec.timeZone", description="Its time zone; UTC where empty"),
        Column("Active", ".status.active", "integer", description="Runs that have not ended"),
        Column("Last", ".status.lastScheduleTime", "date", description="Its last slot"),
        Column("Next", ".status.next", description="Its next slot, in its time zone"),
        AGE,
        Column("Total", ".status.stats.totalExecutions", "integer", wide=True),
        Column("Failed", ".status.stats.failedExecutions", "integer", wide=True),
        Column("Description", ".status.description", wide=True, description="When, in words"),
        Column("Message", ".status.message", wide=True),
    ),
    selectable=(".status.summary",),
    first_status=(("observedGeneration", -1),),
    verbs=(RUN_NOW, SKIP_NEXT),
    stages_at=(
        "spec.template.pipelineJob.stages",
        "spec.template.pipelineJob.imagePullSecrets",
        "spec.template.task",
    ),
    stages_advice="name a Pipeline in spec.template.pipelineJob.pipelineRef instead",
    priority_at=("spec.template.pipelineJob.priority", "spec.template.batch.priority"),
)
"""Makes runs, batches and Jobs of built-in tasks by the time; it controls them."""

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

SIGN_IN: Final = Kind(
    kind="SignIn",
    plural="signins",
    short="si",
    summary="Who somebody is, for the API service. Immutable, used once, and gone in minutes.",
    spec=SignInSpec,
    status=None,
    columns=(Column("User", ".spec.username"), AGE),
    rules=(("self.spec == oldSelf.spec", "a SignIn cannot be changed: make a new one"),),
)
"""The operator never sees one: the API service reads it, and takes it away."""

KINDS: Final = (PIPELINE, PIPELINEJOB, BATCH, SCHEDULEDJOB, INTERVENTION)
"""Every kind that the operator works for, in the order in which a reader meets them."""
DEFINED: Final = (*KINDS, SIGN_IN)
"""Every kind that the API server is to know."""
DEFAULT_TARGET: Final = PIPELINEJOB
"""The kind of an Intervention's target that names none."""


def targets(kinds: Iterable[Kind] = KINDS) -> tuple[Kind, ...]:
    """The kinds that Interventions may aim at."""
    return tuple(kind for kind in kinds if kind.verbs)


def verbs(kinds: Iterable[Kind] = KINDS) -> tuple[str, ...]:
    """Every verb of an Intervention, each once."""
    return tuple(dict.fromkeys(verb for kind in kinds for verb in kind.verbs))
