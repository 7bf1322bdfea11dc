"""ScheduledJobs in memory: the ScheduleSource that tests give to the app."""

import json
from dataclasses import dataclass, field
from typing import Any

from stagework.api.scheduledjob import ScheduledJob
from stagework.cluster.cache.own_objects import OwnObject, from_bytes
from stagework.web.errors import ClusterUnavailable
from stagework.web.queue_source import NotWritten
from tests.support.fakeapi.patches import merge

SPEC: dict[str, Any] = {
    "schedule": {"cron": "0 2 * * *"},
    "timeZone": "Asia/Seoul",
    "template": {"pipelineJob": {"pipelineRef": {"name": "report"}}},
}


@dataclass
class FakeSchedules:
    """Heeds dry runs; every question is counted by its word."""

    objects: dict[tuple[str, str], dict[str, Any]] = field(
        default_factory=dict[tuple[str, str], dict[str, Any]]
    )
    asked: list[str] = field(default_factory=list[str])
    refusal: str = ""
    is_away: bool = False

    def put(self, name: str = "nightly", namespace: str = "team", **status: Any) -> dict[str, Any]:
        """A ScheduledJob as it is now."""
        made = {
            "metadata": {
                "name": name,
                "namespace": namespace,
                "uid": f"uid-{name}",
                "creationTimestamp": "2026-11-30T00:00:00Z",
            },
            "spec": SPEC,
            "status": {"observedGeneration": 0, **status},
        }
        self.objects[namespace, name] = made
        return made

    def keep(self, schedule: ScheduledJob) -> None:
        """This one, as the operator has written it."""
        meta = schedule.metadata
        spec, status = (
            part.model_dump(mode="json", exclude_none=True)
            for part in (schedule.spec, schedule.status)
        )
        body = {"metadata": meta.model_dump(mode="json"), "spec": spec, "status": status}
        self.objects[meta.namespace, meta.name] = body

    def suspended(self, name: str = "nightly", namespace: str = "team") -> bool:
        """Whether it is stored so."""
        return self.objects[namespace, name]["spec"].get("suspend", False)

    async def schedule_objects(self, namespaces: tuple[str, ...]) -> list[OwnObject]:
        """All of them."""
        self._ask("list")
        found = self.objects.items()
        return [_kept(one) for (where, _), one in found if not namespaces or where in namespaces]

    async def schedule_object(self, namespace: str, name: str) -> OwnObject | None:
        """One of them."""
        self._ask("get")
        known = self.objects.get((namespace, name))
        return None if known is None else _kept(known)

    async def create_schedule(
        self, namespace: str, body: dict[str, Any], *, dry_run: bool
    ) -> OwnObject:
        """Keep it."""
        self._write("create")
        own = {"uid": "uid-of-it", "creationTimestamp": "2026-11-30T00:00:00Z"}
        made = {**body, "metadata": {**body["metadata"], **own}}
        if not dry_run:
            self.objects[namespace, body["metadata"]["name"]] = made
        return _kept(made)

    async def change_schedule(
        self, namespace: str, name: str, body: dict[str, Any], *, dry_run: bool
    ) -> OwnObject | None:
        """Merge it, where the uid is that one's."""
        self._write("patch")
        known = self.objects.get((namespace, name))
        if known is None:
            return None
        assert body["metadata"]["uid"] == known["metadata"]["uid"]
        changed = merge(known, body)
        if not dry_run:
            self.objects[namespace, name] = changed
        return _kept(changed)

    async def delete_schedule(self, namespace: str, name: str, *, dry_run: bool) -> bool:
        """Forget it."""
        self._write("delete")
        if dry_run:
            return (namespace, name) in self.objects
        return self.objects.pop((namespace, name), None) is not None

    def _write(self, question: str) -> None:
        self._ask(question)
        if self.refusal:
            raise NotWritten(self.refusal)

    def _ask(self, question: str) -> None:
        self.asked.append(question)
        if self.is_away:
            raise ClusterUnavailable(question)


@dataclass
class WithSchedules:
    """What a cluster in memory has of it."""

    schedules: FakeSchedules = field(default_factory=FakeSchedules, kw_only=True)


def _kept(known: dict[str, Any]) -> OwnObject:
    return from_bytes(json.dumps(known).encode())
