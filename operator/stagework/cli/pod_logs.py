"""Logs of stages whose Pods are still there, read from the API server with one's own rights."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from stagework.api import names
from stagework.api.observed import PodView
from stagework.api.pipelinejob import PipelineJob
from stagework.api.resources import PODS
from stagework.api.stage_status import StageStatus
from stagework.api.text import printable
from stagework.cli import replies
from stagework.cli.cluster import Cluster
from stagework.cli.errors import NotAllowed
from stagework.cli.stored_objects import good, path
from stagework.policies.logged_container import logged_container

FOLLOW_SECONDS: Final = 3600.0
"""A log that says nothing for so long is followed no longer."""


@dataclass(frozen=True, slots=True)
class LivePod:
    """The Pod of an attempt, and the container of it that has a log to read."""

    name: str
    container: str
    """Empty: none has started."""


def live_pod(
    cluster: Cluster, run: PipelineJob, stage: StageStatus, attempt: int
) -> LivePod | None:
    """The attempt's Pod, or None where it is gone; raises NotAllowed.

    Of the current attempt it is the one that the status names. Of an earlier one only its labels
    say whose it is.
    """
    meta = run.metadata
    labels = {
        names.LABEL_RUN_UID: meta.uid,
        names.LABEL_STAGE: stage.name,
        names.LABEL_ATTEMPT: str(attempt),
    }
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    answer = cluster.request("GET", path(PODS, meta.namespace), query={"labelSelector": selector})
    recorded = stage.commit.pod if stage.commit is not None else stage.pod
    wanted = recorded if attempt == stage.attempt else ""
    for pod in replies.items(good(answer, "list pods")):
        about = replies.mapping(pod.get("metadata"))
        if not wanted or about.get("uid") == wanted:
            name = str(about.get("name", ""))
            return LivePod(name, logged_container(msgspec.convert(pod, PodView)))
    return None


def require_logs(cluster: Cluster, namespace: str) -> None:
    """Raise NotAllowed unless the caller may read logs there.

    The API service asks this of whoever speaks to it, which may be a ServiceAccount.
    """
    attributes = {
        "resource": PODS.plural,
        "subresource": "log",
        "verb": "get",
        "namespace": namespace,
    }
    group = "authorization.k8s.io/v1"
    body = {
        "apiVersion": group,
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = cluster.request(
        "POST",
        f"/apis/{group}/selfsubjectaccessreviews",
        body=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    status = replies.mapping(good(answer, "ask for your rights").get("status"))
    if not status.get("allowed"):
        raise NotAllowed(
            f"you may not get pods/log in namespace {namespace}: logs can hold secrets",
            command=f"kubectl auth can-i get pods/log -n {namespace}",
        )


def lines(cluster: Cluster, namespace: str, pod: LivePod, *, follow: bool) -> Iterator[str]:
    """Its lines, made safe for a terminal; `follow`: until it ends."""
    query = {"container": pod.container, **({"follow": "true"} if follow else {})}
    where = f"{path(PODS, namespace, pod.name)}/log"
    yield from lines_of(cluster.pieces(where, query, timeout_seconds=FOLLOW_SECONDS))


def lines_of(pieces: Iterator[bytes]) -> Iterator[str]:
    """The lines of a text that comes in pieces, made safe for a terminal."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from map(_shown, whole)
    if rest:
        yield _shown(rest)


def _shown(line: bytes) -> str:
    return printable(line.decode("utf-8", "replace"))
