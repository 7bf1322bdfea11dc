"""When is a status written? What decides at once; what merely moves on may wait for the next one.

The same for every kind. Whoever writes keeps, of each object, when its status was last written.
"""

from typing import Final

NEVER: Final = float("-inf")
"""Before any time of a clock: the object's status was not written yet."""
MERGE_SECONDS: Final = 1.0
"""So long after the last write of the object, while little is going on."""
FEW_STAGES: Final = 2
"""With more stages than this at work it waits longer in proportion: the API server is busier."""
LONGEST_MERGE_SECONDS: Final = 10.0
"""No status waits longer than this, and twice as long as objects wait for a worker."""


def merge_seconds(at_work: int, queue_latency_seconds: float) -> float:
    """Seconds from one write of an object's status to the next that is not urgent.

    `at_work`: stages that hold a slot; `queue_latency_seconds`: how long objects wait for a worker.
    Where that queue is long, a write more would only make it longer.
    """
    longest = LONGEST_MERGE_SECONDS + 2 * queue_latency_seconds
    return min(MERGE_SECONDS * max(1.0, at_work / FEW_STAGES), longest)


def counted_from(written_at: float, *, at_work: int, now_seconds: float) -> float:
    """From when the pause before the next write counts; to be kept in place of `written_at`.

    A first status is written at once, but while many stages are at work it waits for the second.
    """
    return now_seconds if written_at == NEVER and at_work > FEW_STAGES else written_at


def when_to_write(
    *,
    urgent: bool,
    patient: bool = False,
    written_at: float,
    at_work: int,
    queue_latency_seconds: float,
    now_seconds: float,
) -> float:
    """Seconds until a status is to be written; 0: now. `written_at` as `counted_from` gives it;
    `patient`: it would rather go with another change, and waits for the longest pause.
    """
    if urgent:
        return 0.0
    pause = merge_seconds(at_work, queue_latency_seconds)
    if patient:
        pause = max(pause, LONGEST_MERGE_SECONDS)
    return max(0.0, written_at + pause - now_seconds)
