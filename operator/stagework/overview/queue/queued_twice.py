"""Is the same work in the queue already, by way of another run?"""

from collections.abc import Sequence
from typing import Final

from stagework.overview.queue.failed_id import FailedId
from stagework.overview.queue.work import Work, WorkState

IN_QUEUE: Final[frozenset[WorkState]] = frozenset(
    {"pending", "stuck", "deferred", "held", "processing"}
)
"""What will be done, or is being done."""


def queued_elsewhere(wanted: FailedId, rows: Sequence[Work]) -> Work | None:
    """Another run's row of the same stage, namespace and subject that is in the queue."""
    own = next(
        (work for work in rows if work.run_uid == wanted.run_uid and work.stage == wanted.stage),
        None,
    )
    if own is None:
        return None
    return next(
        (
            work
            for work in rows
            if work.run_uid != own.run_uid
            and work.stage == own.stage
            and work.namespace == own.namespace
            and work.document_id == own.document_id
            and work.state in IN_QUEUE
        ),
        None,
    )
