"""What batches that are there say of themselves, for a history that may have missed some of it."""

from collections.abc import Iterator
from datetime import datetime

from pydantic import ValidationError

from stagework.api.batch import Batch, BatchSpec, BatchStatus
from stagework.api.facts import AnyFact
from stagework.api.kinds import BATCH
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.selections import objects_of
from stagework.plans.batch.facts import fact_of


def facts_of_batches(cache: Cache, at: datetime) -> Iterator[AnyFact]:
    """Of all in the cache; `at`: since when nothing that they say can have been older."""
    for known in cache.all(objects_of(BATCH)):
        try:
            batch = Batch.model_construct(
                metadata=known.checked_metadata(),
                spec=BatchSpec.model_validate_json(bytes(known.spec)),
                status=BatchStatus.model_validate_json(bytes(known.status)),
            )
        except ValidationError:
            continue  # what cannot be read is told of in its own status
        if batch.status.manifest is not None:
            yield fact_of(batch, batch.status, at)
