"""Rules of a kind stand in its own definition, and nowhere else that its types are used."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from stagework.api.base import Resource
from stagework.api.crds import definition
from stagework.api.kinds import BATCH, DEFINED, KINDS, PIPELINEJOB, Kind
from stagework.api.pipelinejob import PipelineJobSpec


class Template(Resource):
    spec: PipelineJobSpec


class TemplatingSpec(Resource):
    template: Template
    note: str = ""


TEMPLATING = replace(
    PIPELINEJOB,
    kind="Templating",
    plural="templatings",
    spec=TemplatingSpec,
    status=None,
    fixed_fields=("note",),
)
"""What a kind looks like that makes PipelineJobs from a template."""


def spec_schema(kind: Kind) -> dict[str, Any]:
    (version,) = definition(kind, [*KINDS, kind])["spec"]["versions"]
    schema: dict[str, Any] = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return schema


def transition_rules(schema: dict[str, Any]) -> list[str]:
    """Rules that compare with what was before, at that very place."""
    rules: list[dict[str, str]] = schema.get("x-kubernetes-validations", [])
    return [rule["message"] for rule in rules if "oldSelf" in rule["rule"]]


def test_a_run_cannot_be_changed_but_for_what_may_follow_later() -> None:
    messages = transition_rules(spec_schema(PIPELINEJOB))

    assert {message.split()[0] for message in messages} == {
        *PipelineJobSpec.model_fields,
    } - {"suspend", "priority", "ttlSecondsAfterFinished"}
    assert all("make a new PipelineJob" in message for message in messages)


@pytest.mark.parametrize("kind", DEFINED, ids=lambda kind: kind.kind)
def test_every_number_list_and_text_has_a_bound(kind: Kind) -> None:
    (version,) = definition(kind)["spec"]["versions"]
    schema: dict[str, Any] = version["schema"]["openAPIV3Schema"]["properties"]
    for part in {"spec", "status"} & {*schema}:
        assert list(unbounded(schema[part], part)) == []


def unbounded(schema: dict[str, Any], path: str) -> Iterator[str]:
    """Paths of what may be as large as somebody likes."""
    bounds = {"integer": {"minimum", "maximum"}, "array": {"maxItems"}}
    if "additionalProperties" in schema:
        bounds["object"] = {"maxProperties"}
    if schema.get("format") != "date-time" and "enum" not in schema:
        bounds["string"] = {"maxLength"}
    if not bounds.get(schema.get("type", "string"), set()) <= {*schema}:
        yield path
    below: dict[str, dict[str, Any]] = schema.get("properties", {})
    for name in ("items", "additionalProperties"):
        if name in schema:
            below = {**below, f"({name})": schema[name]}
    for name, field in below.items():
        yield from unbounded(field, f"{path}.{name}")


@pytest.mark.parametrize("kind", DEFINED, ids=lambda kind: kind.kind)
def test_the_api_server_fills_nothing_into_what_a_person_wrote(kind: Kind) -> None:
    """But the number that `kubectl scale` changes: it must be there to be changed."""
    wanted = [8] if kind is BATCH else []
    assert list(defaults(spec_schema(kind))) == wanted


def defaults(schema: Any) -> Iterator[Any]:
    """All defaults in a schema; a field may have that name, too."""
    if isinstance(schema, list):
        for part in cast("list[Any]", schema):
            yield from defaults(part)
    elif isinstance(schema, dict):
        for name, part in cast("dict[str, Any]", schema).items():
            if name == "default" and not isinstance(part, dict):
                yield part
            yield from defaults(part)


def test_the_order_of_stages_cannot_be_changed_either() -> None:
    (rule,) = (
        rule["rule"]
        for rule in spec_schema(PIPELINEJOB)["x-kubernetes-validations"]
        if rule["message"].startswith("stages cannot be changed")
    )
    assert "self.stages.map(s, s.name) == oldSelf.stages.map(s, s.name)" in rule


def test_a_template_that_holds_the_spec_of_a_run_may_be_changed() -> None:
    schema = spec_schema(TEMPLATING)
    held = schema["properties"]["template"]["properties"]["spec"]

    assert "give exactly one of pipelineRef and stages" in str(held)
    assert "oldSelf" not in str(held)
    (rule,) = transition_rules(schema)
    assert rule == (
        "note cannot be changed after creation: make a new Templating, under another name or by "
        "`kubectl replace --force -f FILE`"
    )
