"""The queue's totals over the namespaces of a task."""

from stagework.api.base import Observed
from stagework.tasks.surroundings import Surroundings


class Totals(Observed):
    """Of stages, as the board counts them."""

    deferred: int = 0
    """What is put off now."""
    done_1h: int = 0
    """What was done in the last hour."""


class _Board(Observed):
    totals: Totals


async def queue_totals(surroundings: Surroundings) -> Totals:
    """Namespace by namespace: the whole board is for those who may list runs wherever some are.

    Raises ServiceFailed.
    """
    boards = [
        (await surroundings.service.get("/v1/queue", _Board, namespace=namespace)).totals
        for namespace in surroundings.namespaces
    ]
    return Totals(
        deferred=sum(totals.deferred for totals in boards),
        done_1h=sum(totals.done_1h for totals in boards),
    )
