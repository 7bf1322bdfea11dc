"""What the schedules' routes want to know of the cluster, and write to it, as a Protocol."""

from typing import Any, Protocol

from stagework.cluster.cache.own_objects import OwnObject


class ScheduleSource(Protocol):
    """Questions to the API server; each raises ClusterUnavailable when it gives no answer.

    What is written with `dry_run` is judged and not stored. Writes raise NotWritten.
    """

    async def schedule_objects(self, namespaces: tuple[str, ...]) -> list[OwnObject]:
        """All ScheduledJobs of these namespaces (of all, where none is named)."""
        ...

    async def schedule_object(self, namespace: str, name: str) -> OwnObject | None:
        """A ScheduledJob, or None."""
        ...

    async def create_schedule(
        self, namespace: str, body: dict[str, Any], *, dry_run: bool
    ) -> OwnObject:
        """Make a ScheduledJob."""
        ...

    async def change_schedule(
        self, namespace: str, name: str, body: dict[str, Any], *, dry_run: bool
    ) -> OwnObject | None:
        """Merge this into a ScheduledJob; None: there is none of that name."""
        ...

    async def delete_schedule(self, namespace: str, name: str, *, dry_run: bool) -> bool:
        """Delete a ScheduledJob, and its runs with it; False: there is none of that name."""
        ...
