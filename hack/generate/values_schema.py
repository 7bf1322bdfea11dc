"""The parts of `values.schema.json` that describe the settings file and the data of tasks; the rest
is written by hand.

Helm then refuses a wrong setting at install with the same limits as the operator at start.
"""

import json
from collections.abc import Iterator
from typing import Any, cast

from stagework.api.tasks import TASKS
from stagework.settings import Settings

Schema = dict[str, Any]

SET_BY_THE_CHART = {
    "Settings": {"releaseNamespace", "alerts", "tasks"},
    "ApiServiceSettings": {"url", "heartbeatUrl", "audience"},
    "ArtifactSettings": {"directory", "s3"},
    "FilesSettings": {"image", "imagePullPolicy"},
    "HistorySettings": {"file", "postgresql"},
    "ListenerSettings": {"postgresql", "owner"},
}
"""Settings that the chart decides by itself or from other values."""
SET_BY_THE_CHART_TYPES = frozenset(
    {
        *("S3Settings", "PostgresSettings", "TlsSettings"),
        *("AlertSettings", "TaskSettings", "TaskS3Settings", "TaskScheduleSettings"),
        "ListenerOwnerSettings",
    }
)
HAND_WRITTEN_TYPES = frozenset({"ServiceAccount", "Texts"})


def with_settings(text: str) -> str:
    """The schema file's text with `settings` and its types as the types say now."""
    document = cast("Schema", json.loads(text))
    source = cast("Schema", _plain(Settings.model_json_schema()))
    types = cast("dict[str, Schema]", source.pop("$defs"))
    kept = {name: document["$defs"][name] for name in sorted(HAND_WRITTEN_TYPES)}
    for name, data, inner in _job_data():
        document["properties"]["tasks"]["properties"][name]["properties"]["jobData"] = data
        types |= inner
    document["properties"]["settings"] = _without_chart_fields("Settings", source)
    document["$defs"] = kept | {
        name: _without_chart_fields(name, schema)
        for name, schema in sorted(types.items())
        if name not in SET_BY_THE_CHART_TYPES
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _job_data() -> Iterator[tuple[str, Schema, dict[str, Schema]]]:
    """Of each built-in task: its name, its data, and the types that this names."""
    for task in TASKS.values():
        schema = cast("Schema", _plain(task.data.model_json_schema()))
        inner = cast("dict[str, Schema]", schema.pop("$defs", {}))
        # A task that is off needs none; one that runs says itself what is missing.
        schema.pop("required", None)
        yield task.name, schema, inner


def _without_chart_fields(name: str, schema: Schema) -> Schema:
    hidden = SET_BY_THE_CHART.get(name, set[str]())
    fields = cast("dict[str, Schema]", schema.get("properties", {}))
    shown = {key: field for key, field in fields.items() if key not in hidden}
    return {**schema, "properties": shown} if fields else schema


def _plain(node: Any) -> Any:
    """Without titles (they repeat the name) and defaults (values.yaml has them)."""
    if isinstance(node, dict):
        plain = {
            key: _plain(value)
            for key, value in cast("Schema", node).items()
            if not (key == "title" and isinstance(value, str)) and key != "default"
        }
        closed = {"additionalProperties": False} if "patternProperties" in plain else {}
        return closed | plain
    if isinstance(node, list):
        return [_plain(item) for item in cast("list[Any]", node)]
    return node
