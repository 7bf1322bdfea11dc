"""Defaults and checks of built-in kinds, as far as an operator can run into them."""

import re
from typing import Final, cast

from tests.support.fakeapi.failures import invalid
from tests.support.fakeapi.patches import merge
from tests.support.fakeapi.resources import JOBS, PODS, Json, Resource, part

_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_MUTABLE_POD_FIELDS: Final = frozenset(
    {"schedulingGates", "nodeSelector", "tolerations", "activeDeadlineSeconds", "containers"}
)
_MUTABLE_JOB_FIELDS: Final = frozenset(
    {"suspend", "parallelism", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"}
)


def admit(resource: Resource, data: Json) -> Json:
    """A new object with the server's defaults; uid and name are set. Raises Failure."""
    name = data["metadata"]["name"]
    longest = 63 if resource is JOBS else 253
    if len(name) > longest or not _NAME.fullmatch(name):
        raise invalid(resource, name, "metadata.name", "a lowercase RFC 1123 subdomain is needed")
    if resource is PODS:
        return merge(data, {"status": _first_pod_status(data)})
    if resource is JOBS:
        if not data.get("spec", {}).get("template"):
            raise invalid(resource, name, "spec.template", "Required value")
        return _with_job_defaults(data)
    return data


def _first_pod_status(data: Json) -> Json:
    if not data["spec"].get("schedulingGates"):
        return {"phase": "Pending", "qosClass": "Burstable"}
    held = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "SchedulingGated",
        "message": "Scheduling is blocked due to non-empty scheduling gates",
    }
    return {"phase": "Pending", "qosClass": "Burstable", "conditions": [held]}


def _with_job_defaults(data: Json) -> Json:
    meta = data["metadata"]
    labels = {
        "batch.kubernetes.io/controller-uid": meta["uid"],
        "batch.kubernetes.io/job-name": meta["name"],
        "controller-uid": meta["uid"],
        "job-name": meta["name"],
    }
    selector = {"matchLabels": {"batch.kubernetes.io/controller-uid": meta["uid"]}}
    template = {"metadata": {"labels": labels}}
    defaults = {"parallelism": 1, "completions": 1, "backoffLimit": 6, "suspend": False}
    spec = defaults | data["spec"]
    return merge(data, {"spec": merge(spec, {"selector": selector, "template": template})}) | {
        "status": {}
    }


def check_update(resource: Resource, old: Json, new: Json) -> None:
    """Raise Failure where a built-in kind does not allow this change."""
    name = old["metadata"]["name"]
    before, after = cast("Json", old.get("spec") or {}), cast("Json", new.get("spec") or {})
    if before is after or before == after:
        return
    allowed = {PODS: _MUTABLE_POD_FIELDS, JOBS: _MUTABLE_JOB_FIELDS}.get(resource)
    if allowed is None:
        return
    for field in before.keys() | after.keys():
        if before.get(field) != after.get(field) and field not in allowed:
            why = (
                "Forbidden: pod updates may not change fields other than image, "
                "activeDeadlineSeconds, tolerations (only additions)"
                if resource is PODS
                else "Invalid value: field is immutable"
            )
            raise invalid(resource, name, f"spec.{field}", why)
    if resource is PODS:
        _check_gates(name, before, after)


def _check_gates(name: str, before: Json, after: Json) -> None:
    gates = {gate["name"] for gate in before.get("schedulingGates") or ()}
    for gate in after.get("schedulingGates") or ():
        if gate["name"] not in gates:
            raise invalid(
                PODS,
                name,
                "spec.schedulingGates",
                "Forbidden: only deletion is allowed, but found new scheduling gate",
            )
    chosen, wanted = part(before, "nodeSelector"), part(after, "nodeSelector")
    if chosen != wanted and not (gates and chosen.items() <= wanted.items()):
        raise invalid(
            PODS, name, "spec.nodeSelector", "only additions to spec.nodeSelector are allowed"
        )
