"""JSON schema of a pydantic type -> structural schema as a CustomResourceDefinition wants it.

Kubernetes refuses `$ref`, `anyOf` with null, `title`, `const` and `additionalProperties: false`.
So references are put in place, optional fields are simply not required, and unknown fields are
left to the API server (strict decoding at `kubectl apply`). Fields may carry two marks of ours:
`x-map-key` (a list that is a map by that key) and `x-list-type`; all other lists are atomic.
"""

from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel

Schema = dict[str, Any]

_KEPT = frozenset(
    {
        "type",
        "format",
        "enum",
        "pattern",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
        "x-kubernetes-validations",
        "x-kubernetes-int-or-string",
        "x-kubernetes-preserve-unknown-fields",
    }
)
_INT_OR_STRING = "x-kubernetes-int-or-string"


def structural_schema(model: type[BaseModel], *, defaults: bool) -> Schema:
    """Structural schema of a type; `defaults` says whether its fields' texts tell their defaults.

    The API server fills in none: an object stays as it was written, so that applying an unchanged
    file changes nothing and tools that compare find no difference.

    Raises ValueError for a construct that no structural schema can say.
    """
    source: Schema = model.model_json_schema(mode="validation")
    definitions = cast("dict[str, Schema]", source.get("$defs", {}))
    return _Converter(definitions, defaults=defaults).convert(source, model.__name__)


class _Converter:
    def __init__(self, definitions: Mapping[str, Schema], *, defaults: bool) -> None:
        self._definitions = definitions
        self._defaults = defaults

    def convert(self, source: Schema, path: str) -> Schema:
        source = self._resolved(source, path)
        target: Schema = {}
        if "description" in source:
            target["description"] = self._description(source)
        target.update({key: value for key, value in source.items() if key in _KEPT})
        if "const" in source:
            target["enum"] = [source["const"]]
        if source.get("type") == "object":
            self._convert_object(source, target, path)
        if source.get("type") == "array":
            self._convert_list(source, target, path)
        if source.get(_INT_OR_STRING):
            target["anyOf"] = source["anyOf"]
        elif "type" not in target:
            raise ValueError(f"{path}: a structural schema needs a type, got {sorted(source)}")
        return target

    def _description(self, source: Schema) -> str:
        text = " ".join(str(source["description"]).split())
        default = _word(source.get("default")) if self._defaults else ""
        return f"{text} Default: {default}." if default else text

    def _convert_object(self, source: Schema, target: Schema, path: str) -> None:
        properties = cast("dict[str, Schema]", source.get("properties", {}))
        if properties:
            target["properties"] = {
                name: self.convert(schema, f"{path}.{name}") for name, schema in properties.items()
            }
        if source.get("required"):
            target["required"] = source["required"]
        values = source.get("additionalProperties")
        names = cast("Schema", source.get("propertyNames", {}))
        patterns = cast("dict[str, Schema]", source.get("patternProperties", {}))
        if not properties and patterns:
            (pattern, values) = next(iter(patterns.items()))
            names = {**names, "pattern": pattern}
        if isinstance(values, dict):
            target["additionalProperties"] = self.convert(cast("Schema", values), f"{path}.*")
            self._rule_for_names(names, target)

    def _rule_for_names(self, names: Schema, target: Schema) -> None:
        """Structural schemas have no `propertyNames`: the same check as a CEL rule."""
        checks: list[str] = []
        if "pattern" in names:
            checks.append(f"k.matches('{names['pattern']}')")
        if "maxLength" in names:
            checks.append(f"size(k) <= {names['maxLength']}")
        if checks:
            rule = {
                "rule": f"self.all(k, {' && '.join(checks)})",
                "message": f"each name must match {names.get('pattern', '.*')} "
                f"and have at most {names.get('maxLength', 'any number of')} characters",
            }
            target.setdefault("x-kubernetes-validations", []).append(rule)

    def _convert_list(self, source: Schema, target: Schema, path: str) -> None:
        target["items"] = self.convert(cast("Schema", source["items"]), f"{path}[]")
        key = source.get("x-map-key")
        if key:
            target["x-kubernetes-list-type"] = "map"
            target["x-kubernetes-list-map-keys"] = [key]
            return
        target["x-kubernetes-list-type"] = source.get("x-list-type", "atomic")

    def _resolved(self, source: Schema, path: str) -> Schema:
        """Follow `$ref` and drop the null branch; keys beside them win."""
        if source.get(_INT_OR_STRING):
            return source
        own = {key: value for key, value in source.items() if key not in {"$ref", "anyOf", "allOf"}}
        if "$ref" in source:
            name = str(source["$ref"]).rsplit("/", 1)[-1]
            return self._resolved({**self._definitions[name], **own}, path)
        branches = cast("list[Schema]", source.get("anyOf", []))
        real = [branch for branch in branches if branch.get("type") != "null"]
        if branches and len(real) != 1:
            raise ValueError(f"{path}: a union cannot be said in a structural schema")
        return self._resolved({**real[0], **own}, path) if real else source


def _word(default: Any) -> str:
    """A default as people write it in a manifest; empty where nothing stands for it."""
    if isinstance(default, bool):
        return str(default).lower()
    return str(default) if isinstance(default, (int, float, str)) else ""
