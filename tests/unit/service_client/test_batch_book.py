"""The twin of the API service's book keeps what every book promises."""

import pytest

from stagework.service_client.batches import BatchRef
from tests.support.batches.book import MemoryBook
from tests.support.batches.conformance import BookConformance


class TestMemory(BookConformance):
    @pytest.fixture
    def book(self) -> MemoryBook:
        return MemoryBook()

    @pytest.fixture
    def batch(self) -> BatchRef:
        return BatchRef("team", "batch-1")
