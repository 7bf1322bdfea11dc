"""Paths of the API server for everything that the operator reads or writes."""

from stagework.api.names import GROUP, VERSION

_OURS = f"/apis/{GROUP}/{VERSION}"


def ours(plural: str, namespace: str = "", name: str = "", sub: str = "") -> str:
    """A collection, object or subresource of our own kinds."""
    return _path(_OURS, plural, namespace, name, sub)


def jobs(namespace: str = "", name: str = "") -> str:
    """Jobs."""
    return _path("/apis/batch/v1", "jobs", namespace, name)


def pods(namespace: str = "", name: str = "") -> str:
    """Pods."""
    return _path("/api/v1", "pods", namespace, name)


def nodes() -> str:
    """Nodes."""
    return "/api/v1/nodes"


def events(namespace: str) -> str:
    """Events of a namespace."""
    return _path("/api/v1", "events", namespace)


def revisions(namespace: str = "", name: str = "") -> str:
    """ControllerRevisions."""
    return _path("/apis/apps/v1", "controllerrevisions", namespace, name)


def _path(base: str, plural: str, namespace: str, name: str = "", sub: str = "") -> str:
    where = f"/namespaces/{namespace}" if namespace else ""
    parts = [f"{base}{where}/{plural}", name, sub]
    return "/".join(part for part in parts if part)


def resource_of(path: str) -> str:
    """The resource a path is about, such as `jobs` or `pipelinejobs/status` (for metrics)."""
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
