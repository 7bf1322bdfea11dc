"""`docs/api-reference.md`: a table per kind, from the same schemas as the definitions."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from stagework.api import names
from stagework.api.crds import definition
from stagework.api.kinds import Kind

Schema = dict[str, Any]

INTRODUCTION = f"""\
<!-- generated: make generate -->
# API reference

Group and version `{names.API_VERSION}`; every kind belongs to a namespace. `kubectl explain` shows
the same texts: `kubectl explain pipelinejob.spec.stages`. Fields marked * are required. An object
stays as it was written: for what is absent the operator has the default, and writes it nowhere.
"""

_LIMITS = (
    ("minimum", "≥ {}"),
    ("maximum", "≤ {}"),
    ("minLength", "≥ {} characters"),
    ("maxLength", "≤ {} characters"),
    ("minItems", "≥ {} entries"),
    ("maxItems", "≤ {} entries"),
    ("maxProperties", "≤ {} entries"),
    ("pattern", "`{}`"),
)


def markdown(kinds: Sequence[Kind]) -> str:
    """The whole page."""
    return INTRODUCTION + "".join(_section(kind) for kind in kinds)


def _section(kind: Kind) -> str:
    version = cast("Schema", definition(kind)["spec"]["versions"][0])
    schema = cast("Schema", version["schema"]["openAPIV3Schema"])
    columns = ", ".join(
        f"{column['name']}{' (wide)' if column.get('priority') else ''}"
        for column in cast("list[Schema]", version["additionalPrinterColumns"])
    )
    selectors = ", ".join(
        f"`{str(selectable['jsonPath']).lstrip('.')}`"
        for selectable in cast("list[Schema]", version.get("selectableFields", []))
    )
    lines = [f"\n## {kind.kind} (`{kind.short}`)\n", kind.summary, "", f"Columns: {columns}."]
    if selectors:
        lines[-1] += f" Field selectors: {selectors}."
    fields = cast("dict[str, Schema]", schema["properties"])
    for part in ("spec", "status"):
        if part in fields:
            lines += ["", f"### {part}", "", *_table(fields[part], part)]
    rules = list(_rules(schema, ""))
    if rules:
        lines += ["", "### Rules", "", *rules]
    return "\n".join(lines) + "\n"


def _table(schema: Schema, part: str) -> Iterator[str]:
    yield "| field | type | limits | meaning |"
    yield "|---|---|---|---|"
    for path, field, required in _fields(schema, part):
        cells = (
            f"`{path}`{'*' if required else ''}",
            _type(field),
            _limits(field),
            str(field.get("description", "")),
        )
        yield "| " + " | ".join(_escaped(cell) for cell in cells) + " |"


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("<", "&lt;")


def _fields(schema: Schema, path: str) -> Iterator[tuple[str, Schema, bool]]:
    required = cast("list[str]", schema.get("required", []))
    for name, field in cast("dict[str, Schema]", schema.get("properties", {})).items():
        below = f"{path}.{name}"
        yield below, field, name in required
        if field.get("type") == "array":
            yield from _fields(cast("Schema", field["items"]), f"{below}[]")
        else:
            yield from _fields(field, below)


def _type(field: Schema) -> str:
    if field.get("x-kubernetes-int-or-string"):
        return "integer or string"
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in cast("list[str]", field["enum"]))
    if field["type"] == "array":
        return f"list of {_type(cast('Schema', field['items']))}"
    if "additionalProperties" in field:
        return f"map to {_type(cast('Schema', field['additionalProperties']))}"
    return "time" if field.get("format") == "date-time" else str(field["type"])


def _limits(field: Schema) -> str:
    own = [text.format(field[key]) for key, text in _LIMITS if key in field]
    if field.get("type") == "array":
        of_items = _limits(cast("Schema", field["items"]))
        own += [f"each {of_items}"] if of_items else []
    return ", ".join(own)


def _rules(schema: Schema, path: str) -> Iterator[str]:
    """Each CEL rule's message as a list entry, with the field that it stands at."""
    for rule in cast("list[dict[str, str]]", schema.get("x-kubernetes-validations", [])):
        yield f"- {f'`{path}`: ' if path else ''}{rule['message']}"
    for name, field in cast("dict[str, Schema]", schema.get("properties", {})).items():
        yield from _rules(field, f"{path}.{name}" if path else name)
    if "items" in schema:
        yield from _rules(cast("Schema", schema["items"]), f"{path}[]")
