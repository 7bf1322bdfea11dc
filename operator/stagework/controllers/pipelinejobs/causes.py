"""Reads what Events say about a Job or Pod that gets nowhere."""

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from stagework.api.causes import sentence
from stagework.api.observed import EPOCH
from stagework.api.resources import EVENTS
from stagework.cluster.client import paths
from stagework.cluster.client.claimed_times import decoded
from stagework.cluster.client.errors import ApiError
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.client.paging import ListPage
from stagework.plans.pipelinejob.snapshot import CauseQuestion, CauseRead
from stagework.service_client.results import LookupFailed


class _Series(msgspec.Struct, rename="camel"):
    last_observed_time: datetime | None = None


class _Event(msgspec.Struct, rename="camel"):
    type: str = ""
    reason: str | None = None
    message: str | None = None
    first_timestamp: datetime | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None
    series: _Series | None = None

    @property
    def newest(self) -> datetime:
        """When it was said last; compared with other Events about the same object alone."""
        series = self.series.last_observed_time if self.series is not None else None
        times = (self.last_timestamp, self.event_time, self.first_timestamp, series)
        return max((moment for moment in times if moment is not None), default=EPOCH)


_page = msgspec.json.Decoder(ListPage[_Event])


class Causes:
    """Events by the uid of what they are about."""

    def __init__(self, api: KubeApi, wall_clock: Callable[[], datetime]) -> None:
        self._api = api
        self._wall_clock = wall_clock

    async def read(self, namespace: str, question: CauseQuestion) -> CauseRead:
        """The newest word about it; raises LookupFailed to be asked again."""
        at = self._wall_clock()
        about = {"fieldSelector": f"involvedObject.uid={question.uid}"}
        events: list[_Event] = []
        try:
            path = paths.collection(EVENTS, namespace)
            async for body in self._api.list_pages(path, about, on_restart=events.clear):
                events += decoded(_page, body).items or ()
        except (ApiError, msgspec.DecodeError) as error:
            raise LookupFailed(f"Events about {question.uid}: {error}") from error
        return _cause(events, at)


def _cause(events: Iterable[_Event], at: datetime) -> CauseRead:
    """What was said last counts: a warning that something else has followed is over."""
    last = max(events, key=lambda event: event.newest, default=None)
    if last is None or last.type != "Warning":
        return CauseRead("", "", at)
    message = (last.message or "").removeprefix("Error creating: ")
    return CauseRead(last.reason or "", sentence(message), at)
