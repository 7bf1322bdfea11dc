"""The operator's own client over the real service: what every book of batches does."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from stagework.service_client.batches import BatchBook, BatchRef, ServiceBatches
from stagework.settings import BatchSettings
from tests.support.batches.conformance import BookConformance
from tests.unit.batches.conftest import PHOTOS
from tests.unit.web.service import running

_number = itertools.count()


class TestService(BookConformance):
    @pytest.fixture
    def book(self, tmp_path: Path) -> Iterator[BatchBook]:
        store = PHOTOS.model_copy(update={"bucket": "b"})
        settings = BatchSettings(stores=(store,))
        with running(tmp_path / "volume", batches=settings) as service:
            yield ServiceBatches(service.url, service.cluster.operator)

    @pytest.fixture
    def batch(self) -> BatchRef:
        return BatchRef("team", f"uid-{next(_number)}")
