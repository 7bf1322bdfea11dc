"""Paths of the API server for every resource that the operator reads or writes."""

from stagework.api.resources import ApiResource, ObjectRef


def collection(resource: ApiResource, namespace: str = "") -> str:
    """All objects of a resource, in one namespace where one is given."""
    root = f"/apis/{resource.group}" if resource.group else "/api"
    within = f"/namespaces/{namespace}" if namespace else ""
    return f"{root}/{resource.version}{within}/{resource.plural}"


def object_path(target: ObjectRef, subresource: str = "") -> str:
    """One object, or a subresource of it such as `status`."""
    path = f"{collection(target.resource, target.namespace)}/{target.name}"
    return f"{path}/{subresource}" if subresource else path


def namespace_of(path: str) -> str:
    """The namespace that a path lies in; empty for what lies in none."""
    match path.strip("/").split("/"):
        case ["api", _, "namespaces", name, _, *_] | ["apis", _, _, "namespaces", name, _, *_]:
            return name
        case _:
            return ""


def resource_of(path: str) -> str:
    """The resource a path is about, such as `jobs` or `pods/status` (for metrics)."""
    match path.strip("/").split("/"):
        case ["api", _, *rest] | ["apis", _, _, *rest]:
            pass
        case _:
            return path
    match rest:
        case ["namespaces", _, resource, _, subresource, *_]:
            return f"{resource}/{subresource}"
        case ["namespaces", _, resource, *_] | [resource, _] | [resource]:
            return resource
        case [resource, _, subresource, *_]:
            return f"{resource}/{subresource}"
        case _:
            return path
