"""The API server's answers that are no success, as errors a person can act on."""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, cast

from stagework.api import names
from stagework.api.kinds import SIGN_IN
from stagework.cli.cluster import Answer
from stagework.cli.errors import CommandError, NotAllowed, NotThere, Refused

_FORBIDDEN: Final = re.compile(
    r'User "(?P<user>[^"]+)" cannot (?P<verb>\S+) resource "(?P<resource>[^"]+)"'
    r'(?: in API group "(?P<group>[^"]*)")?'
    r'.*?(?:in the namespace "(?P<namespace>[^"]+)")?$'
)
"""The sentence that RBAC answers."""
_REFUSALS: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.CONFLICT,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)


def mapping(value: object) -> dict[str, Any]:
    """A JSON object, or an empty one where it is something else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def items(value: Mapping[str, Any], key: str = "items") -> list[dict[str, Any]]:
    """The objects of a list within a JSON object; empty where there is none."""
    listed: object = value.get(key)
    return (
        [mapping(entry) for entry in cast("list[object]", listed)]
        if isinstance(listed, list)
        else []
    )


def decoded(body: bytes) -> dict[str, Any]:
    """A JSON body; empty where it is none."""
    try:
        return mapping(json.loads(body))
    except ValueError:
        return {}


def names_the_object(answer: Answer) -> bool:
    """Whether a refusal speaks of the object asked for, not of a kind that the cluster lacks."""
    return bool(mapping(decoded(answer.body).get("details")).get("name"))


def explain(answer: Answer, doing: str) -> CommandError:
    """The error for an answer of 300 or more; `doing` says what was asked, such as `get x`."""
    reply = decoded(answer.body)
    text = str(reply.get("message") or answer.body[:200].decode("utf-8", "replace")).strip()
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return NotAllowed(
            "the API server does not know you: the kubeconfig's credentials are refused",
            command="kubectl auth whoami",
        )
    if answer.status == HTTPStatus.FORBIDDEN:
        return _forbidden(text, doing)
    if answer.missing and not names_the_object(answer):
        return NotThere(
            f"{doing}: this cluster does not know the kinds of {names.GROUP}",
            command="kubectl apply --server-side -f crds/",
        )
    if answer.missing:
        return NotThere(f"{doing}: {text}")
    if answer.status in _REFUSALS:
        return Refused(f"{doing}: {text}")
    return CommandError(
        f"{doing}: the API server answered {answer.status}: {text}", command="stagework doctor"
    )


def _forbidden(text: str, doing: str) -> NotAllowed:
    denial = _FORBIDDEN.search(text)
    if denial is None:
        return NotAllowed(f"{doing}: not allowed: {text}", command="kubectl auth whoami")
    verb, resource = denial["verb"], denial["resource"]
    full = f"{resource}.{denial['group']}" if denial["group"] else resource
    where = f" -n {denial['namespace']}" if denial["namespace"] else ""
    kind = "" if where else "cluster"
    whom = subject(denial["user"])
    if denial["group"] == names.GROUP:
        reads = verb in ("get", "list", "watch") or resource == SIGN_IN.plural
        role = "stagework-view" if reads else "stagework-edit"
        command = f"kubectl create {kind}rolebinding {role}{where} --clusterrole={role} {whom}"
    else:
        role = f"{verb}-{resource.replace('/', '-')}"
        command = (
            f"kubectl create {kind}role {role}{where} --verb={verb} --resource={full} && "
            f"kubectl create {kind}rolebinding {role}{where} --{kind}role={role} {whom}"
        )
    return NotAllowed(f"{doing}: {denial['user']} may not {verb} {full}{where}", command=command)


def subject(user: str) -> str:
    """The user as `kubectl create rolebinding` takes it."""
    if user.startswith("system:serviceaccount:"):
        return f"--serviceaccount={user.removeprefix('system:serviceaccount:')}"
    return f"--user={user}"
