"""The CustomResourceDefinitions as documents: one function, one entry a kind."""

from collections.abc import Sequence
from typing import Any

from stagework.api import names
from stagework.api.kinds import (
    DEFAULT_TARGET,
    DEFINED,
    INTERVENTION,
    KINDS,
    Column,
    Kind,
    targets,
    verbs,
)
from stagework.api.structural import Schema, structural_schema


def definition(kind: Kind, kinds: Sequence[Kind] = KINDS) -> Schema:
    """The CustomResourceDefinition of one kind among those."""
    schema = _schema(kind, kinds)
    version: Schema = {
        "name": names.VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "additionalPrinterColumns": [_column(column) for column in kind.columns],
    }
    if kind.status is not None:
        version["subresources"] = {"status": {}}
    if kind.scale is not None:
        version["subresources"]["scale"] = {
            "specReplicasPath": kind.scale.wanted,
            "statusReplicasPath": kind.scale.there,
            "labelSelectorPath": kind.scale.selector,
        }
    if kind.selectable:
        version["selectableFields"] = [{"jsonPath": path} for path in kind.selectable]
    return _document(kind, version)


def _schema(kind: Kind, kinds: Sequence[Kind]) -> Schema:
    spec = structural_schema(kind.spec, defaults=True)
    if kind.fixed_fields:
        unchanged = [_unchanged(name, spec["properties"][name], kind) for name in kind.fixed_fields]
        spec.setdefault("x-kubernetes-validations", []).extend(unchanged)
    if kind.scale is not None:
        # Without a value there the API server knows no scale of the object.
        wanted = kind.scale.wanted.rpartition(".")[2]
        spec["properties"][wanted]["default"] = kind.spec.model_fields[wanted].default
    properties: Schema = {
        "apiVersion": {"type": "string", "description": f"Always {names.API_VERSION}."},
        "kind": {"type": "string", "description": f"Always {kind.kind}."},
        "metadata": {"type": "object"},
        "spec": spec,
    }
    schema: Schema = {
        "type": "object",
        "description": kind.summary,
        "required": ["spec"],
        "properties": properties,
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
        properties["status"] = status
    if kind is INTERVENTION:
        _name_targets(spec["properties"], kinds)
    return schema


def _unchanged(name: str, field: Schema, kind: Kind) -> Schema:
    """The field of a spec cannot be changed once the object is made."""
    same = f"self.{name} == oldSelf.{name}"
    # CEL compares a list that is a map by key without regard to order.
    for key in field.get("x-kubernetes-list-map-keys", ()):
        same += f" && self.{name}.map(s, s.{key}) == oldSelf.{name}.map(s, s.{key})"
    return {
        "message": f"{name} cannot be changed after creation: make a new {kind.kind}, under"
        " another name or by `kubectl replace --force -f FILE`",
        "rule": f"has(self.{name}) == has(oldSelf.{name}) && (!has(self.{name}) || {same})",
    }


def _name_targets(intervention: Schema, kinds: Sequence[Kind]) -> None:
    """What may be asked of which kinds stands with the kinds."""
    target: Schema = intervention["target"]["properties"]["kind"]
    target["enum"] = [kind.kind for kind in targets(kinds)]
    target["description"] += f" Default: {DEFAULT_TARGET.kind}."
    verb: Schema = intervention["verb"]
    intervention["verb"] = {
        "description": verb["description"],
        "enum": list(verbs(kinds)),
        "type": verb["type"],
    }


def _column(column: Column) -> Schema:
    document: Schema = {"name": column.name, "type": column.type, "jsonPath": column.path}
    if column.description:
        document["description"] = column.description
    if column.wide:
        document["priority"] = 1
    return document


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


def definitions(kinds: Sequence[Kind] = DEFINED) -> dict[str, dict[str, Any]]:
    """File name -> document, for every kind."""
    return {kind.file_name: definition(kind, kinds) for kind in kinds}
