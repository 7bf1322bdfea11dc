"""The ScheduleSource that asks the API server."""

from typing import Any

from stagework.api.kinds import SCHEDULEDJOB
from stagework.cluster.cache.own_objects import OwnObject, from_bytes
from stagework.web.kube_calls import KubeCalls


class KubeScheduleSource:
    """As the API service's own account; its rights are in the chart."""

    def __init__(self, calls: KubeCalls) -> None:
        self._calls = calls

    async def schedule_objects(self, namespaces: tuple[str, ...]) -> list[OwnObject]:
        """LIST ScheduledJobs in pages, per namespace or over all."""
        return await self._calls.list_own(SCHEDULEDJOB.resource, namespaces, lambda known: known)

    async def schedule_object(self, namespace: str, name: str) -> OwnObject | None:
        """GET a ScheduledJob."""
        return await self._calls.get(SCHEDULEDJOB.resource, namespace, name, from_bytes)

    async def create_schedule(
        self, namespace: str, body: dict[str, Any], *, dry_run: bool
    ) -> OwnObject:
        """POST a ScheduledJob."""
        return await self._calls.create(SCHEDULEDJOB.resource, namespace, body, dry_run=dry_run)

    async def change_schedule(
        self, namespace: str, name: str, body: dict[str, Any], *, dry_run: bool
    ) -> OwnObject | None:
        """PATCH a ScheduledJob."""
        return await self._calls.patch(
            SCHEDULEDJOB.resource, namespace, name, body, dry_run=dry_run
        )

    async def delete_schedule(self, namespace: str, name: str, *, dry_run: bool) -> bool:
        """DELETE a ScheduledJob."""
        return await self._calls.delete(SCHEDULEDJOB.resource, namespace, name, dry_run=dry_run)
