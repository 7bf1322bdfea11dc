"""ScheduledJobs on the API server, typed: read, list, create, change, remove."""

import json
from collections.abc import Mapping
from typing import Any, Final

from stagework.api import names
from stagework.api.kinds import SCHEDULEDJOB
from stagework.api.scheduledjob import ScheduledJob
from stagework.cli import replies
from stagework.cli.cluster import Cluster
from stagework.cli.stored_objects import good, one, pages, path, read_as

SCHEDULES: Final = SCHEDULEDJOB.resource
_PATCHES: Final = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
}


def read_schedule(raw: Mapping[str, Any]) -> ScheduledJob:
    """A schedule as the API server sent it; raises Refused where this version is too old for it."""
    return read_as(ScheduledJob, raw)


class Schedules:
    """The ScheduledJobs of one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def raw(self, namespace: str, name: str) -> dict[str, Any]:
        """One schedule as it is stored; raises NotThere."""
        return one(self._cluster, SCHEDULEDJOB, namespace, name, lists="stagework schedule list")

    def get(self, namespace: str, name: str) -> ScheduledJob:
        """One schedule; raises NotThere."""
        return read_schedule(self.raw(namespace, name))

    def list(self, namespace: str | None) -> list[dict[str, Any]]:
        """All schedules of a namespace, or of all namespaces, as they are stored."""
        listed = pages(self._cluster, SCHEDULEDJOB, namespace)
        return [raw for page in listed for raw in replies.items(page)]

    def create(
        self,
        namespace: str,
        name: str,
        spec: Mapping[str, Any],
        *,
        annotations: Mapping[str, str] | None = None,
        dry_run: bool = False,
    ) -> ScheduledJob:
        """Make one; a dry run is judged and not stored."""
        body = {
            "apiVersion": names.API_VERSION,
            "kind": SCHEDULEDJOB.kind,
            "metadata": {
                "name": name,
                "namespace": namespace,
                **({"annotations": dict(annotations)} if annotations else {}),
            },
            "spec": dict(spec),
        }
        answer = self._cluster.request(
            "POST",
            path(SCHEDULES, namespace),
            query=_dry(dry_run=dry_run),
            body=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        return read_schedule(good(answer, f"create scheduledjob {name}"))

    def change(
        self, namespace: str, name: str, spec: Mapping[str, Any], *, dry_run: bool = False
    ) -> None:
        """Change fields of its spec."""
        self._patch("merge", namespace, name, {"spec": dict(spec)}, dry_run=dry_run)

    def replace(
        self,
        namespace: str,
        name: str,
        spec: Mapping[str, Any],
        *,
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        """Put another spec in the place of the one that it has."""
        self._patch("merge", namespace, name, {"metadata": {"annotations": annotations or {}}})
        change = [{"op": "replace", "path": "/spec", "value": dict(spec)}]
        self._patch("json", namespace, name, change)

    def remove(self, namespace: str, name: str, *, dry_run: bool = False) -> None:
        """Delete it, and its runs with it; raises NotThere."""
        where = path(SCHEDULES, namespace, name)
        answer = self._cluster.request(
            "DELETE",
            where,
            query={**_dry(dry_run=dry_run), "propagationPolicy": "Background"},
        )
        if answer.missing:
            self.raw(namespace, name)
        good(answer, f"delete scheduledjob {name}")

    def _patch(
        self, kind: str, namespace: str, name: str, body: object, *, dry_run: bool = False
    ) -> None:
        answer = self._cluster.request(
            "PATCH",
            path(SCHEDULES, namespace, name),
            query=_dry(dry_run=dry_run),
            body=json.dumps(body).encode(),
            headers={"Content-Type": _PATCHES[kind]},
        )
        if answer.missing:
            self.raw(namespace, name)
        good(answer, f"change scheduledjob {name}")


def _dry(*, dry_run: bool) -> dict[str, str]:
    return {"dryRun": "All"} if dry_run else {}
