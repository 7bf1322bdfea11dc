"""What the schedules' routes share."""

from dataclasses import dataclass
from typing import Self

from stagework.web.auth.authorization import Authorization
from stagework.web.cluster import ClusterReader
from stagework.web.schedules.requests import ScheduleRequests
from stagework.web.schedules.views import ScheduleViews


@dataclass(frozen=True)
class ScheduleService:
    """Built once by `create_app`."""

    views: ScheduleViews
    requests: ScheduleRequests

    @classmethod
    def of(
        cls, reader: ClusterReader, authorization: Authorization, namespaces: tuple[str, ...]
    ) -> Self:
        """`namespaces`: the watched ones, all where none is named."""
        return cls(
            views=ScheduleViews(reader.schedules, authorization, namespaces),
            requests=ScheduleRequests(reader.schedules, reader.queue, authorization),
        )
