"""What the queue's routes share."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from stagework.settings import Settings
from stagework.web.queue.boards import Boards, places_of
from stagework.web.queue.live_rows import LiveRows
from stagework.web.queue.readers import Readers
from stagework.web.queue.recover_requests import RecoverRequests
from stagework.web.queue.remembered_past import Counting, RememberedPast
from stagework.web.queue.requests import Requests
from stagework.web.queue.run_requests import RunRequests
from stagework.web.queue_source import QueueSource


@dataclass(frozen=True)
class QueueService:
    """Built once by `create_app`."""

    boards: Boards
    requests: Requests
    recover_requests: RecoverRequests
    run_requests: RunRequests

    @classmethod
    def of(
        cls,
        source: QueueSource,
        settings: Settings,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        history: Counting,
    ) -> Self:
        """`clock`: seconds, any start; `wall_clock`: seconds since 1970."""

        def now() -> datetime:
            return datetime.fromtimestamp(wall_clock(), UTC)

        places = places_of(settings)
        live, readers = LiveRows(source, settings.namespaces, places, clock), Readers(source, clock)
        past = RememberedPast(history, places, now)
        return cls(
            Boards(live, readers, past, settings, clock=clock, wall_clock=now),
            Requests(source, live, readers),
            RecoverRequests(source, settings.namespaces, now),
            RunRequests(source, live),
        )
