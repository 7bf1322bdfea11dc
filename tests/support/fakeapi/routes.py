"""Which resource a path is about, and what the discovery paths answer."""

from dataclasses import dataclass
from typing import Final

from tests.support.fakeapi.failures import no_such_path
from tests.support.fakeapi.resources import ALL, Json, Resource

_BY_PATH: Final = {
    (resource.group, resource.version, resource.plural): resource for resource in ALL
}


@dataclass(frozen=True, slots=True)
class Route:
    """A path taken apart."""

    resource: Resource
    namespace: str
    name: str
    subresource: str


def parse(path: str) -> Route:
    """The route of a path; raises Failure (404) where there is none."""
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise no_such_path()
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    resource = _BY_PATH.get((group, version, rest[0]))
    if resource is None or len(rest) > 3:
        raise no_such_path()
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if subresource and not (subresource == "status" and resource.status):
        raise no_such_path()
    return Route(resource, namespace, name, subresource)


def discovery(path: str) -> Json | None:
    """The answer of a discovery path; None where it is not one."""
    match path.strip("/").split("/"):
        case ["version"]:
            return {"major": "1", "minor": "34", "gitVersion": "v1.34.0-fake"}
        case ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"]}
        case ["apis"]:
            groups = sorted(
                {(resource.group, resource.version) for resource in ALL if resource.group}
            )
            return {
                "kind": "APIGroupList",
                "apiVersion": "v1",
                "groups": [_group(group, version) for group, version in groups],
            }
        case ["api", version]:
            return _resources("", version)
        case ["apis", group]:
            version = next((resource.version for resource in ALL if resource.group == group), None)
            return _group(group, version) if version else None
        case ["apis", group, version]:
            return _resources(group, version)
        case _:
            return None


def _group(group: str, version: str) -> Json:
    served = {"groupVersion": f"{group}/{version}", "version": version}
    return {"name": group, "versions": [served], "preferredVersion": served}


def _resources(group: str, version: str) -> Json | None:
    served = [
        resource for resource in ALL if (resource.group, resource.version) == (group, version)
    ]
    if not served:
        return None
    verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
    listed: list[Json] = []
    for resource in served:
        entry: Json = {
            "name": resource.plural,
            "singularName": resource.kind.lower(),
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": verbs,
        }
        listed.append(entry)
        if resource.status:
            listed.append({**entry, "name": f"{resource.plural}/status", "verbs": verbs[3:6]})
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": served[0].api_version,
        "resources": listed,
    }
