"""Values: each has a comment, the schema refuses what is unknown or out of bounds."""

import json
import re
from typing import Any, cast

import pytest
import yaml

from tests.chart.rendered import CHART, RefusedValues, helm, render

GPU = {"key": "gpu", "nodeSelector": {"stagework.dev/machine": "gpu"}}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown value": ({"operater": {}}, "operater"),
    "an unknown value of the operator": ({"operator": {"replica": 2}}, "replica"),
    "an unknown setting": ({"settings": {"engine": {"lookahead": 2}}}, "lookahead"),
    "a setting that the chart decides": ({"settings": {"releaseNamespace": "x"}}, "release"),
    "a setting out of bounds": ({"settings": {"engine": {"lookAhead": 17}}}, "16"),
    "an unknown log level": ({"settings": {"logLevel": "LOUD"}}, "logLevel"),
    "an amount that is none": ({"settings": {"stagePods": {"cpuRequest": "lots"}}}, "cpuRequest"),
    "a machine's resource without a domain": (
        {"settings": {"fleet": {"machineClasses": [{**GPU, "resources": {"gpu": 1}}]}}},
        "resources",
    ),
    "no machine class": ({"settings": {"fleet": {"machineClasses": []}}}, "machineClasses"),
    "an unknown scope": ({"rbac": {"scope": "galaxy"}}, "scope"),
    "half a digest": ({"image": {"digest": "sha256:abc"}}, "digest"),
    "a pull policy of no cluster": ({"image": {"pullPolicy": "Sometimes"}}, "pullPolicy"),
    "a size without number": ({"artifacts": {"persistence": {"size": "large"}}}, "size"),
    "S3 without a bucket": (
        {"artifacts": {"s3": {"enabled": True, "endpoint": "https://s3", "secretName": "k"}}},
        "bucket",
    ),
    "job data that no task has": (
        {"tasks": {"data_cleanup": {"jobData": {"keepDays": 7}}}},
        "keepDays",
    ),
    "a task that is none": ({"tasks": {"defrag": {"enabled": True}}}, "defrag"),
    "a task's bucket without an address": (
        {"tasks": {"backup": {"s3": {"secretName": "keys", "bucket": "b"}}}},
        "endpoint",
    ),
    "PostgreSQL without a server": ({"history": {"postgresql": {"enabled": True}}}, "host"),
    "a server to be known by nothing": (
        {"history": {"postgresql": {"tls": {"mode": "verify-full"}}}},
        "secretName",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_schema_refuses(what: str) -> None:
    values, word = REFUSED[what]
    with pytest.raises(RefusedValues, match=word):
        render(values)


def test_the_schema_closes_every_object_of_ours() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    free = {
        "global",
        "resources",
        "affinity",
        "tolerations[]",
        "topologySpreadConstraints[]",
    }
    assert open_objects(schema, "") <= free


def open_objects(schema: dict[str, Any], name: str) -> set[str]:
    """Names of the objects that take any field."""
    names = (
        {name}
        if schema.get("type") == "object" and "additionalProperties" not in schema
        else set[str]()
    )
    for part in ("properties", "$defs"):
        for key, subschema in cast("dict[str, dict[str, Any]]", schema.get(part, {})).items():
            names |= open_objects(subschema, key)
    if "items" in schema:
        names |= open_objects(cast("dict[str, Any]", schema["items"]), f"{name}[]")
    return names


def test_every_value_has_a_comment_of_its_own_or_of_its_group() -> None:
    lines = (CHART / "values.yaml").read_text().splitlines()
    bare: list[str] = []
    commented_depth = 99
    for above, line in zip(["", *lines], lines, strict=False):
        match = re.match(r"( *)(- )?(#|[\w]+:)", line)
        if match is None:
            continue
        depth = len(match[1]) + len(match[2] or "")
        if match[3] == "#":
            commented_depth = depth
        elif depth < commented_depth and line.rstrip().endswith(":"):
            commented_depth = 99  # a group: each of its values speaks for itself
        elif depth < commented_depth and not above.lstrip().startswith("#"):
            bare.append(line)
    assert bare == []


def test_the_values_match_their_schema_key_by_key() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = cast("dict[str, Any]", yaml.safe_load((CHART / "values.yaml").read_text()))
    assert set(values) == set(schema["properties"]) - {"global"}
    for name, value in values.items():
        known = schema["properties"][name].get("properties")
        if known is not None and isinstance(value, dict):
            assert set(cast("dict[str, Any]", value)) == set(known), name


def test_lint_finds_nothing() -> None:
    printed = helm("lint", "--strict", str(CHART))
    assert "[WARNING]" not in printed
    assert "[ERROR]" not in printed
