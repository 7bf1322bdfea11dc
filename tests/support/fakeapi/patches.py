"""Merge patch, strategic merge patch and JSON patch; none changes its arguments."""

from typing import Any, Final, cast

from tests.support.fakeapi.resources import Json

MERGE_KEYS: Final = {
    "schedulingGates": "name",
    "containers": "name",
    "initContainers": "name",
    "env": "name",
    "volumes": "name",
    "ownerReferences": "uid",
    "conditions": "type",
}
"""Lists of built-in kinds whose elements are merged by a key (those that tests need)."""
PRIMITIVE_LISTS: Final = frozenset({"finalizers"})
"""Lists of strings that are merged as sets."""


class PatchError(Exception):
    """The patch cannot be applied to this object."""


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386; parts that the patch does not name are shared with `target`."""
    if not isinstance(patch, dict):
        return patch
    changes = cast("Json", patch)
    result: Json = dict(cast("Json", target)) if isinstance(target, dict) else {}
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def strategic(target: Json, patch: Json) -> Json:
    """Kubernetes' strategic merge patch, as far as `MERGE_KEYS` goes."""
    if patch.get("$patch") == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    result = dict(target)
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            field = key.split("/", 1)[1]
            words: list[str] = result.get(field) or []
            result[field] = [word for word in words if word not in value]
        elif key.startswith("$"):
            continue
        elif value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            known = result.get(key)
            below = cast("Json", known) if isinstance(known, dict) else {}
            result[key] = strategic(below, cast("Json", value))
        elif isinstance(value, list) and key in MERGE_KEYS:
            known_list = cast("list[Json]", result.get(key) or [])
            result[key] = _merge_list(known_list, cast("list[Json]", value), MERGE_KEYS[key])
        elif isinstance(value, list) and key in PRIMITIVE_LISTS:
            known_words = cast("list[str]", result.get(key) or [])
            added = cast("list[str]", value)
            result[key] = known_words + [word for word in added if word not in known_words]
        else:
            result[key] = value
    return result


def _merge_list(known: list[Json], changes: list[Json], merge_key: str) -> list[Json]:
    result = list(known)
    for change in changes:
        if change == {"$patch": "replace"}:
            result = []
            continue
        at = next((i for i, e in enumerate(result) if e.get(merge_key) == change[merge_key]), None)
        if change.get("$patch") == "delete":
            if at is not None:
                del result[at]
        elif at is None:
            result.append(change)
        else:
            result[at] = strategic(result[at], change)
    return result


def json_patch(document: Any, operations: list[Json]) -> Any:
    """RFC 6902: test, add, replace, remove; raises PatchError where it does not fit."""
    for operation in operations:
        path = [_unescape(part) for part in str(operation["path"]).split("/")[1:]]
        document = _one(document, path, operation)
    return document


def _unescape(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def _one(node: Any, path: list[str], operation: Json) -> Any:
    name, value = operation["op"], operation.get("value")
    if not path:
        if name == "test":
            if node != value:
                raise PatchError(f"testing value {operation['path']} failed")
            return node
        return value
    part, rest = path[0], path[1:]
    if isinstance(node, list):
        return _in_list(cast("list[Any]", node), part, rest, operation)
    if not isinstance(node, dict):
        raise PatchError(f"{operation['path']}: no such path")
    result = dict(cast("Json", node))
    if rest or name in {"test", "replace", "remove"}:
        if part not in result:
            raise PatchError(f"{operation['path']}: no such path")
        if name == "remove" and not rest:
            del result[part]
            return result
    result[part] = _one(result.get(part), rest, operation)
    return result


def _in_list(node: list[Any], part: str, rest: list[str], operation: Json) -> list[Any]:
    result = list(node)
    name = operation["op"]
    at = len(result) if part == "-" else int(part)
    if name == "add" and not rest:
        result.insert(at, operation.get("value"))
        return result
    if at >= len(result):
        raise PatchError(f"{operation['path']}: no such element")
    if name == "remove" and not rest:
        del result[at]
    else:
        result[at] = _one(result[at], rest, operation)
    return result
