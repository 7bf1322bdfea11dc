"""Objects of our kinds as the API server has them: one, all, and each as its type."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from stagework.api.base import Resource, explain
from stagework.api.kinds import Kind
from stagework.api.resources import ApiResource, ObjectRef
from stagework.cli import replies
from stagework.cli.cluster import Answer, Cluster
from stagework.cli.errors import CommandError, NotThere, Refused
from stagework.cluster.client import paths

PAGE: Final = 500
"""Objects that are listed in one answer."""
_PARTS: Final = ("metadata", "spec", "status")
_EVERYWHERE: Final = " -A"

TypeT = TypeVar("TypeT", bound=Resource)


def path(resource: ApiResource, namespace: str | None, name: str = "") -> str:
    """Path of a collection or of one object; no namespace means all of them."""
    if name:
        return paths.object_path(ObjectRef(resource, namespace or "", name))
    return paths.collection(resource, namespace or "")


def good(answer: Answer, doing: str) -> dict[str, Any]:
    """The object of an answer; raises CommandError that says what `doing` came to."""
    if not answer.good:
        raise replies.explain(answer, doing)
    decoded = replies.decoded(answer.body)
    if not decoded:
        raise CommandError(f"{doing}: the answer is no JSON object", command="kubectl version")
    return decoded


def parts(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What our types know of an object."""
    return {key: raw[key] for key in _PARTS if raw.get(key) is not None}


def read_as(as_type: type[TypeT], raw: Mapping[str, Any]) -> TypeT:
    """An object as the API server sent it; raises Refused where this CLI is too old for it."""
    try:
        return as_type.model_validate(parts(raw))
    except ValidationError as error:
        noun = as_type.__name__.lower()
        name = replies.mapping(raw.get("metadata")).get("name", "?")
        raise Refused(
            f"{noun} {name} has fields that this version does not know: {explain(error)}",
            command="pip install --upgrade stagework",
        ) from error


def one(cluster: Cluster, kind: Kind, namespace: str, name: str, *, lists: str) -> dict[str, Any]:
    """One object; raises NotThere with the command that lists those there are."""
    noun = kind.kind.lower()
    answer = cluster.request("GET", path(kind.resource, namespace, name))
    if answer.missing and replies.names_the_object(answer):
        elsewhere = f"{lists.removesuffix(_EVERYWHERE)} -n {namespace}"
        raise NotThere(
            f"there is no {noun} {name!r} in namespace {namespace!r}",
            command=lists if namespace == cluster.namespace else elsewhere,
        )
    return good(answer, f"get {noun} {name}")


def pages(
    cluster: Cluster, kind: Kind, namespace: str | None, *, page: int = PAGE, only: str = ""
) -> Iterator[dict[str, Any]]:
    """All of a namespace, or of all namespaces, answer by answer; `only` is a name."""
    query = {"limit": str(page)}
    if only:
        query["fieldSelector"] = f"metadata.name={only}"
    while True:
        where = path(kind.resource, namespace)
        answer = cluster.request("GET", where, query=query)
        listed = good(answer, f"list {kind.plural}")
        yield listed
        following = replies.mapping(listed.get("metadata")).get("continue")
        if not following:
            return
        query = {**query, "continue": str(following)}


def readable(
    documents: Iterable[Mapping[str, Any]], read: Callable[[Mapping[str, Any]], TypeT]
) -> tuple[list[TypeT], list[str]]:
    """Those that can be read, and a sentence for each that this CLI cannot read."""
    known: list[TypeT] = []
    unreadable: list[str] = []
    for raw in documents:
        try:
            known.append(read(raw))
        except Refused as error:
            unreadable.append(error.message)
    return known, unreadable
