"""Batches on the API server, typed, and what the API service knows of their items."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stagework.api.batch import Batch
from stagework.api.batch_answers import (
    MAX_ITEMS_PAGE,
    BatchItem,
    ItemList,
    Reprocessed,
    ReprocessRequest,
)
from stagework.api.intervention import Select
from stagework.api.kinds import BATCH
from stagework.cli import replies
from stagework.cli.cluster import Cluster
from stagework.cli.service import ApiService, read_answer
from stagework.cli.stored_objects import one, pages, read_as, readable

_PAGE: Final = 100
"""A batch may have 32 KB."""


def read_batch(raw: Mapping[str, Any]) -> Batch:
    """A batch as the API server sent it; raises Refused where this CLI is too old for it."""
    return read_as(Batch, raw)


@dataclass(frozen=True)
class Batches:
    """The batches of one cluster."""

    cluster: Cluster

    def one(self, namespace: str, name: str) -> Batch:
        """One batch; raises NotThere."""
        return read_batch(
            one(self.cluster, BATCH, namespace, name, lists="stagework batch list -A")
        )

    def listed(self, namespace: str | None) -> tuple[list[Batch], list[str]]:
        """Those of a namespace, or of all; and a sentence for each that this CLI cannot read."""
        listed = pages(self.cluster, BATCH, namespace, page=_PAGE)
        return readable((raw for page in listed for raw in replies.items(page)), read_batch)


@dataclass(frozen=True)
class BatchItems:
    """The items of one batch, as the API service tells them."""

    service: ApiService
    batch: Batch

    def pages(self, state: str) -> Iterator[list[BatchItem]]:
        """Those that are in this state, in the list's order, page by page."""
        query = {"state": state, "limit": str(MAX_ITEMS_PAGE)}
        after: int | None = -1
        while after is not None:
            asked = {**query, "after": str(after)}
            page = self.service.read(f"{self._path}/items", asked, "items")
            answer = read_answer(ItemList, page)
            yield answer.items
            after = answer.next

    def would_run_again(self, select: Select) -> Reprocessed:
        """How many items a reprocess would run; nothing is written."""
        asked = ReprocessRequest(select=select).model_dump_json(exclude_none=True).encode()
        query = {"dry_run": "true"}
        answer = self.service.post(f"{self._path}/reprocess", query, asked, "reprocess")
        return read_answer(Reprocessed, answer)

    @property
    def _path(self) -> str:
        meta = self.batch.metadata
        return f"/v1/batches/{meta.namespace}/{meta.name}"
