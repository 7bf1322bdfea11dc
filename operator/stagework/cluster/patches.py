"""Bodies of what we write: pure functions, so that what a write depends on can be tested."""

from functools import cache
from typing import Any, Final, cast

import orjson

from stagework.api.base import Observed
from stagework.api.resources import ObjectRef
from stagework.plans.plan import Answer, Delete, Ungate

JSON_OPTIONS: Final = orjson.OPT_OMIT_MICROSECONDS | orjson.OPT_UTC_Z
"""Times in UTC, whole seconds, as `metav1.Time` is written."""


def status_patch(target: ObjectRef, status: Observed) -> bytes:
    """Merge patch of a status, good only for the version that the decision was made on."""
    meta = {"resourceVersion": target.resource_version, "uid": target.uid}
    body = {"metadata": meta, "status": status_document(status)}
    return orjson.dumps(body, option=JSON_OPTIONS)


def ungate_patch(action: Ungate) -> bytes:
    """Strategic merge patch that takes our gate alone, good only for the Pod as it was seen.

    The resourceVersion is what makes a late one harmless: the Pod may have been ended since.
    """
    body = {
        "metadata": {
            "uid": action.pod.uid,
            "resourceVersion": action.pod.resource_version,
            "annotations": action.annotations,
            "labels": action.labels,
        },
        "spec": {
            "schedulingGates": [{"$patch": "delete", "name": action.gate}],
            "nodeSelector": action.node_selector,
        },
    }
    return orjson.dumps(body)


def owner_patch(target: ObjectRef, owner: ObjectRef) -> bytes:
    """Merge patch that makes one object the owner of another, so that it goes with it."""
    reference = {
        "apiVersion": owner.resource.api_version,
        "kind": owner.resource.kind,
        "name": owner.name,
        "uid": owner.uid,
    }
    return orjson.dumps({"metadata": {"uid": target.uid, "ownerReferences": [reference]}})


def answer_patch(action: Answer) -> bytes:
    """Merge patch of an Intervention's status."""
    status = action.status.model_dump(mode="json", exclude_none=True)
    if not action.status.message:
        del status["message"]
    return orjson.dumps({"metadata": {"uid": action.intervention.uid}, "status": status})


def delete_options(action: Delete) -> bytes:
    """That very object, and what it controls in the background."""
    options: dict[str, Any] = {
        "preconditions": {"uid": action.target.uid},
        "propagationPolicy": "Background",
    }
    if action.grace_seconds is not None:
        options["gracePeriodSeconds"] = action.grace_seconds
    return orjson.dumps(options)


def status_document(status: Observed) -> dict[str, Any]:
    """The status as it is sent: a merge patch, so fields that are empty are nulled; in a list not,
    for that is replaced as a whole.

    Times are datetimes in UTC; orjson writes them as Kubernetes does (`JSON_OPTIONS`).
    """
    return {key: _nulled(value) for key, value in status}


def stored_document(status: Observed) -> dict[str, Any]:
    """The status as it lies in the object after that patch: what is empty is not there."""
    lean = {key: _lean_value(value) for key, value in status}
    return {key: value for key, value in lean.items() if value is not None}


def _nulled(value: Any) -> Any:
    if isinstance(value, Observed):
        return {key: _nulled(part) for key, part in value.as_written().items()}
    return _lean_value(value)


def _lean_value(value: Any) -> Any:
    if not value and type(value) is not int:
        return None
    if isinstance(value, Observed):
        return _lean(value)
    if isinstance(value, list):
        return [_lean_value(entry) for entry in cast("list[object]", value)]
    return value


def _lean(entry: Observed) -> dict[str, Any]:
    """Without what says nothing: objects stay small, whatever happens."""
    counts = _counts(type(entry))
    return {
        key: _lean_value(value)
        for key, value in entry.as_written().items()
        if value or (key in counts and value is not None)
    }


@cache
def _counts(kind: type[Observed]) -> frozenset[str]:
    """Numbers that may be absent: where they are not, zero says something."""
    return frozenset(
        name for name, field in kind.model_fields.items() if field.annotation == int | None
    )
