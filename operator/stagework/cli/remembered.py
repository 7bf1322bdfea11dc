"""What the API service remembers, page by page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from stagework.api.estimates import EstimateError
from stagework.api.facts import BatchFact, RunFact
from stagework.api.history import (
    MAX_PAGE,
    FailedList,
    FailedStage,
    RememberedBatches,
    RunHistory,
    RunList,
)
from stagework.cli.service import ApiService, read_answer
from stagework.overview.queue.past import Arrived, Done, Past

_PAGE: Final = 200


@dataclass(frozen=True)
class Remembered:
    """History as the API service tells it."""

    service: ApiService

    def runs(self, query: Mapping[str, str], limit: int) -> list[RunFact]:
        """The newest runs that fit, at most so many."""
        found: list[RunFact] = []
        for page in self._pages("/v1/runs", query, limit):
            found += read_answer(RunList, page).runs
        return found[:limit]

    def failed(self, query: Mapping[str, str], limit: int) -> list[FailedStage]:
        """The newest failed stages that fit, at most so many."""
        found: list[FailedStage] = []
        for page in self._pages("/v1/failed", query, limit):
            found += read_answer(FailedList, page).failed
        return found[:limit]

    def batches(
        self, namespace: str | None, limit: int, pipeline: str | None = None
    ) -> list[BatchFact]:
        """The newest batches of a namespace and Pipeline, at most so many; None: of all that may be
        seen.
        """
        wanted = {"namespace": namespace, "pipeline": pipeline}
        query = {key: value for key, value in wanted.items() if value}
        found: list[BatchFact] = []
        for page in self._pages("/v1/history/batches", query, limit):
            found += read_answer(RememberedBatches, page).batches
        return found[:limit]

    def run(self, uid: str) -> RunHistory:
        """One run."""
        return read_answer(RunHistory, self.service.read(f"/v1/runs/{uid}", {}))

    def queue_past(self, namespace: str | None) -> Past:
        """What was done and came in the queue of a namespace; None: of all that may be seen."""
        query = {"namespace": namespace} if namespace else {}
        found = read_answer(_Past, self.service.read("/v1/queue/past", query))
        return Past(found.done, found.arrived, found.estimates)

    def _pages(self, path: str, query: Mapping[str, str], limit: int) -> Iterator[bytes]:
        after, left = "", limit
        while left > 0:
            size = min(left, _PAGE, MAX_PAGE)
            asked = {**query, "limit": str(size), **({"after": after} if after else {})}
            page = self.service.read(path, asked)
            yield page
            left -= size
            after = read_answer(_Next, page).next
            if not after:
                return


class _Past(BaseModel):
    done: tuple[Done, ...]
    arrived: tuple[Arrived, ...]
    estimates: tuple[EstimateError, ...] = ()


class _Next(BaseModel):
    next: str = ""
