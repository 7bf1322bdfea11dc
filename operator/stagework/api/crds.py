"""The CustomResourceDefinitions as documents: one function, one entry a kind."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from stagework.api import names
from stagework.api.intervention import InterventionSpec, InterventionStatus
from stagework.api.pipeline import PipelineSpec
from stagework.api.pipelinejob import PipelineJobSpec, PipelineJobStatus
from stagework.api.structural import Schema, structural_schema


@dataclass(frozen=True)
class Column:
    """A printer column of `kubectl get`; `wide` ones show with `-o wide` only."""

    name: str
    path: str
    type: str = "string"
    wide: bool = False
    description: str = ""

    def document(self) -> Schema:
        """As the definition wants it."""
        column: Schema = {"name": self.name, "type": self.type, "jsonPath": self.path}
        if self.description:
            column["description"] = self.description
        if self.wide:
            column["priority"] = 1
        return column


@dataclass(frozen=True)
class Kind:
    """What the definition of one kind consists of."""

    kind: str
    plural: str
    short: str
    summary: str
    spec: type[BaseModel]
    status: type[BaseModel] | None
    columns: tuple[Column, ...]
    selectable: tuple[str, ...] = ()
    first_status: tuple[tuple[str, int], ...] = ()
    rules: tuple[tuple[str, str], ...] = ()

    @property
    def file_name(self) -> str:
        """File below `crds/`."""
        return f"{names.GROUP}_{self.plural}.yaml"


AGE = Column("Age", ".metadata.creationTimestamp", "date")

KINDS = (
    Kind(
        kind="Pipeline",
        plural="pipelines",
        short="pl",
        summary="A reusable list of stages with the params they take.",
        spec=PipelineSpec,
        status=None,
        columns=(AGE,),
    ),
    Kind(
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
    ),
    Kind(
        kind="Intervention",
        plural="interventions",
        short="iv",
        summary="What a person asks of a run: Retry or Skip. Immutable, answered once, kept.",
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
    ),
)
"""Every kind, in the order in which a reader meets them."""


def definition(kind: Kind) -> Schema:
    """The CustomResourceDefinition of one kind."""
    schema: Schema = {
        "type": "object",
        "description": kind.summary,
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": f"Always {names.API_VERSION}."},
            "kind": {"type": "string", "description": f"Always {kind.kind}."},
            "metadata": {"type": "object"},
            "spec": structural_schema(kind.spec, defaults=True),
        },
    }
    version: Schema = {
        "name": names.VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "additionalPrinterColumns": [column.document() for column in kind.columns],
    }
    if kind.rules:
        # An update of the status comes with the same spec, so transition rules stand at the root.
        schema["x-kubernetes-validations"] = [
            {"rule": rule, "message": message} for rule, message in kind.rules
        ]
    if kind.status is not None:
        status = structural_schema(kind.status, defaults=False)
        if kind.first_status:
            status["default"] = dict(kind.first_status)
        schema["properties"]["status"] = status
        version["subresources"] = {"status": {}}
    if kind.selectable:
        version["selectableFields"] = [{"jsonPath": path} for path in kind.selectable]
    return _document(kind, version)


def _document(kind: Kind, version: Schema) -> Schema:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{kind.plural}.{names.GROUP}",
            "annotations": {"helm.sh/resource-policy": "keep"},
            "labels": {"app.kubernetes.io/name": "stagework"},
        },
        "spec": {
            "group": names.GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind.kind,
                "listKind": f"{kind.kind}List",
                "plural": kind.plural,
                "singular": kind.kind.lower(),
                "shortNames": [kind.short],
                "categories": [names.CATEGORY],
            },
            "versions": [version],
        },
    }


def definitions() -> dict[str, dict[str, Any]]:
    """File name -> document, for every kind."""
    return {kind.file_name: definition(kind) for kind in KINDS}
